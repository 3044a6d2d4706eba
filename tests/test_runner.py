"""Claims: `make outputs` and its relatives record what they should, where they should, and nothing else."""

import dataclasses
import os
import sys
from pathlib import Path

import execute_notebooks
import measuring
import nbformat
import pages
import pytest
import report as report_tool
import torch
from measuring import Figures
from pages import code_digest

from tutorial_utils import leaderboard


def notebook(*sources: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


def test_digest_sees_code_and_tags_but_no_prose():
    page = notebook("1 + 1")
    before = code_digest(page)
    page.cells.append(nbformat.v4.new_markdown_cell("prose"))
    assert code_digest(page) == before
    page.cells[0].metadata["tags"] = ["cover"]
    tagged = code_digest(page)
    assert tagged != before
    page.cells[0].source = "1 + 2"
    changed = code_digest(page)
    assert changed != tagged
    page.cells.insert(0, nbformat.v4.new_code_cell("the repository's address", metadata={"tags": ["colab"]}))
    assert code_digest(page) == changed


def test_the_board_is_replaced_only_after_a_run_that_ended(monkeypatch, tmp_path):
    board = tmp_path / "leaderboard.json"
    board.write_text('{"old": 1}')
    monkeypatch.setattr(execute_notebooks, "BOARDS", [dataclasses.replace(leaderboard.CLOTHES, file=board)])

    def enter():
        (Path(os.environ["TUTORIAL_LEADERBOARD"]) / board.name).write_text('{"new": 1}')

    def fail_half_way():
        with execute_notebooks.leaderboard_open():
            enter()
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        fail_half_way()
    assert board.read_text() == '{"old": 1}'
    with execute_notebooks.leaderboard_open():
        enter()
        assert board.read_text() == '{"old": 1}'
    assert board.read_text() == '{"new": 1}'
    assert "TUTORIAL_LEADERBOARD" not in os.environ


def chapter(**record) -> nbformat.NotebookNode:
    page = notebook("1 + 1")
    page.cells.append(nbformat.v4.new_markdown_cell("# Four words of prose $x + y$ [linked](there.md)"))
    picture = nbformat.v4.new_output("display_data", {"image/png": "", "text/plain": "a picture"})
    page.cells[0].outputs = [picture]
    page.metadata["tutorial"] = record
    return page


MEASURED = {"cpu_minutes": 1.2, "processor_minutes": 2.1, "memory_gb": 0.9}
MEASURED["avx2"] = {"minutes": 4.5, "memory_gb": 1.1}


def test_measured_figures_go_into_the_readmes_table(monkeypatch, tmp_path):
    (tmp_path / "notebooks").mkdir()
    nbformat.write(chapter(**MEASURED), tmp_path / "notebooks" / "01_x.ipynb")
    head = "| | chapter | you build | minutes | memory | hours | minutes, AVX2 |\n"
    before = head + "| 1 | [x](notebooks/01_x.ipynb) | things | | | 3 | |\nother | text |\n"
    (tmp_path / "README.md").write_text(before)
    monkeypatch.setattr(execute_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(execute_notebooks, "CHAPTERS", [tmp_path / "notebooks" / "01_x.ipynb"])
    execute_notebooks.update_readme()
    expected = head + "| 1 | [x](notebooks/01_x.ipynb) | things | 1.2 | 0.9 GB | 3 | 4.5 |\nother | text |\n"
    assert (tmp_path / "README.md").read_text() == expected
    (tmp_path / "README.md").write_text("| 1 | [x](notebooks/01_x.ipynb) | things | | |\n")
    with pytest.raises(SystemExit, match=r"the row of 01_x.ipynb has 5 columns, not 7"):
        execute_notebooks.update_readme()


def test_the_report_prints_what_is_recorded(monkeypatch, tmp_path, capsys):
    (tmp_path / "notebooks").mkdir()
    nbformat.write(chapter(**MEASURED), tmp_path / "notebooks" / "01_x.ipynb")
    nbformat.write(chapter(), tmp_path / "notebooks" / "02_new.ipynb")
    monkeypatch.setattr(report_tool, "CHAPTERS", sorted((tmp_path / "notebooks").iterdir()))
    report_tool.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["01_x", "1.2", "2.1", "4.5", "0.90", "1.10", "1", "5", "0.00"]
    assert lines[2][:6] == ["02_new", "-", "-", "-", "-", "-"]
    assert lines[3][:2] == ["all", "4.5"]
    assert lines[5][:4] == ["01_x", "takes", "4.5", "minutes;"]
    assert lines[6][:4] == ["01_x", "was", "timed", "before"]
    assert len(lines) == 7


@pytest.fixture
def page(monkeypatch, tmp_path):
    """A chapter of an invented repository, and no environment or cores of ours are changed."""
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "notebooks" / "01_x.ipynb"
    for module in ("ROOT", "CHAPTERS"):
        monkeypatch.setattr(execute_notebooks, module, {"ROOT": tmp_path, "CHAPTERS": [path]}[module])
    (tmp_path / "README.md").write_text("")
    for name in ("OMP_NUM_THREADS", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA"):
        monkeypatch.setenv(name, "")  # is given back at the end
    monkeypatch.setenv("TUTORIAL_DEVICE", "cpu")
    monkeypatch.setenv("TUTORIAL_HEADLESS", "1")
    nbformat.write(chapter(executed="other code", gpu_minutes=0.1, gpu="a GPU"), path)
    return path


def make(monkeypatch, *arguments: str) -> str | int | None:
    """What `make outputs` or its relatives exit with."""
    monkeypatch.setattr(sys, "argv", ["execute_notebooks.py", *arguments])
    try:
        return execute_notebooks.main()
    except SystemExit as exit:
        return exit.code


def record_of(path: Path) -> dict:
    return nbformat.read(path, as_version=4).metadata.tutorial


def outputs_on(monkeypatch, figures: Figures, cores: int = 2) -> None:
    """Let runs take these figures, and the machine have so many cores, with no way to choose among them."""

    async def execute(notebook, folder):
        loaded = nbformat.v4.new_output("stream", text='{"01_net": "digest"}\n')
        notebook.cells[-1].outputs = [loaded]  # of the cell that asks
        return execute_notebooks.Run(figures, {})

    monkeypatch.setattr(execute_notebooks, "execute", execute)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(execute_notebooks, "usable_cores", lambda: cores)
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)


def test_minutes_of_a_cpu_are_recorded_on_two_cores_alone(page, monkeypatch):
    outputs_on(monkeypatch, Figures(1.01, 1.81, 0.5, chapter=True), cores=16)
    for option in ([], ["--avx2"]):
        assert "this system gives 16" in make(monkeypatch, *option)
    assert set(record_of(page)) == {"executed", "gpu_minutes", "gpu"}
    outputs_on(monkeypatch, Figures(1.01, 1.81, 0.5, chapter=True))
    assert make(monkeypatch) is None
    record = record_of(page)
    assert (record.cpu_minutes, record.processor_minutes, record.memory_gb) == (1.1, 1.9, 0.5)
    assert (record.threads, record.machine) == (2, measuring.machine())
    assert record.executed == code_digest(nbformat.read(page, as_version=4))
    assert "gpu_minutes" not in record, "those were of other code"
    assert os.environ["OMP_NUM_THREADS"] == "2"
    assert record.checkpoints == {"01_net": "digest"}
    assert len(nbformat.read(page, as_version=4).cells) == len(chapter().cells), (
        "nothing is left of the question"
    )
    assert "avx2" not in record


def test_outputs_can_be_made_without_new_figures(page, monkeypatch):
    """As on a slow machine: minutes stay those of the code that `timed` names, and no budget holds them."""
    outputs_on(monkeypatch, Figures(1.01, 1.81, 0.5, chapter=True))
    make(monkeypatch)
    timed = record_of(page).timed
    changed = nbformat.read(page, as_version=4)
    changed.cells[0].source = "2 + 2"
    changed.metadata.tutorial["cpu_minutes"] = 9.0
    nbformat.write(changed, page)
    outputs_on(monkeypatch, Figures(5.0, 9.0, 2.5, chapter=True))
    assert make(monkeypatch, "--keep-figures") is None
    record = record_of(page)
    assert (record.timed, record.cpu_minutes, record.memory_gb) == (timed, 9.0, 0.5)
    assert record.executed == code_digest(nbformat.read(page, as_version=4)) != timed


def test_a_run_on_a_machine_with_avx2_only_is_one_with_avx2_only(page, monkeypatch):
    outputs_on(monkeypatch, Figures(1.01, 1.81, 0.5, chapter=True))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert make(monkeypatch) is None
    record = record_of(page)
    assert record.avx2 == {
        "minutes": 1.1, "processor_minutes": 1.9, "memory_gb": 0.5, "executed": record.executed,
    }  # fmt: skip


def test_digest_sees_the_recipes_that_a_page_uses(monkeypatch, tmp_path):
    recipes = tmp_path / "src" / "tutorial_utils" / "recipes"
    recipes.mkdir(parents=True)
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    uses = (
        notebook("from tutorial_utils.recipes import cake"),
        notebook("from tutorial_utils.recipes.cake import x"),
    )
    other = notebook("from tutorial_utils.recipes import bread  # no cake")

    def digests(recipe: str) -> list[str]:
        (recipes / "cake.py").write_text(recipe)
        return [code_digest(page) for page in (*uses, other)]

    first, commented, changed = map(digests, ("x = 1", "# better\nx = 1", "x = 2"))
    assert first == commented
    assert [old == new for old, new in zip(first, changed, strict=True)] == [False, False, True]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system lets nobody choose cores")
def test_a_larger_machine_is_kept_to_two_cores(monkeypatch):
    kept = []
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: kept[0] if kept else set(range(4, 12)))
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: kept.append(cores))
    execute_notebooks.use_two_cores()
    assert kept == [[4, 5]]


def test_outputs_and_avx2_fail_over_budget_and_warn_on_a_busy_machine(page, monkeypatch, capsys):
    outputs_on(monkeypatch, Figures(4.01, 2.0, 0.5, chapter=True))
    assert make(monkeypatch).startswith("01_x takes 4.1 minutes; 4 are allowed")
    assert "WARNING: the machine was busy" in capsys.readouterr().out
    outputs_on(monkeypatch, Figures(2.0, 4.0, 0.5, chapter=True))
    assert make(monkeypatch) is None
    assert "WARNING" not in capsys.readouterr().out
    outputs_on(monkeypatch, Figures(4.5, 8.0, 0.5, chapter=True))
    monkeypatch.setattr(execute_notebooks.platform, "machine", lambda: "x86_64")
    assert make(monkeypatch, "--avx2").startswith("01_x takes 4.5 minutes")
    assert record_of(page).cpu_minutes == 2.0
    assert record_of(page).avx2 == {
        "minutes": 4.5, "processor_minutes": 8.0, "memory_gb": 0.5, "executed": code_digest(chapter()),
    }  # fmt: skip


def test_on_a_gpu_only_its_own_minutes_are_recorded(page, monkeypatch):
    before = record_of(page)
    monkeypatch.setattr(execute_notebooks, "get_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H100")
    outputs_on(monkeypatch, Figures(0.52, 0.6, 0.5, chapter=True), cores=16)
    assert make(monkeypatch) is None
    assert record_of(page) == {**before, "gpu_minutes": 0.6, "gpu": "H100"}
