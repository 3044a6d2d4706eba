"""Claims: a run over budget, a dead kernel and a failing cell are each reported, and digests see code."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import execute_notebooks
import nbformat
import pytest
import report as report_tool
from notebook_runner import MAX_GB, all_over_budget, over_budget, peak_memory_gb
from pages import ROOT, code_digest

from tutorial_utils import leaderboard


@pytest.mark.parametrize(
    ("minutes", "peak_gb", "chapter", "message"),
    [
        (5.9, 2.2, True, None),
        (6.1, 1.0, True, "took 6.10 minutes; 4.00 are allowed, 6.00 is the limit"),
        (1.0, 2.3, True, "took 2.30 GB; 1.50 are allowed, 2.25 is the limit"),
        (1.0, None, True, None),
        (0.37, 1.0, False, None),
        (0.38, 1.0, False, "took 0.38 minutes; 0.25 are allowed"),
        (0.1, 2.3, False, "took 2.30 GB"),
    ],
)
def test_over_budget_is_named(minutes, peak_gb, chapter, message):
    problem = over_budget(minutes, peak_gb, chapter=chapter)
    assert problem is None if message is None else message in problem


def test_all_notebooks_together_have_a_budget():
    assert all_over_budget([3.0] * 6, [0.2] * 12) is None
    assert "took 40.0 minutes" in all_over_budget([3.0] * 12, [0.2] * 20)
    assert "5.0 minutes on average" in all_over_budget([5.0] * 6, [])
    assert all_over_budget([], []) is None


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


@pytest.fixture
def report(tmp_path):
    """Run pages through the repository's own conftest in another folder; return pytest's output."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")

    def run(page: nbformat.NotebookNode) -> str:
        nbformat.write(page, tmp_path / "page.ipynb")
        options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=60", "-rA"]
        command = [sys.executable, "-m", "pytest", "--rootdir=.", *options, "page.ipynb"]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        run.returncode = result.returncode
        return result.stdout

    return run


def test_dead_kernel_is_reported_at_once(report):
    output = report(notebook("import os", "os._exit(1)", "print('after')"))
    assert "the kernel died in this cell" in output
    assert "1 failed" in output


def test_notebook_stops_at_its_first_failing_cell(report):
    output = report(notebook("x = 1", "1 / 0", "y = x"))
    assert "ZeroDivisionError" in output
    assert "1 failed, 1 passed, 1 skipped" in output


@pytest.mark.skipif(peak_memory_gb(os.getpid()) is None, reason="this system tells no peak memory")
def test_each_notebook_is_measured_and_one_over_budget_is_an_error(report, tmp_path):
    numbers = int(MAX_GB * 1.6e9 / 8)
    output = report(notebook(f"import numpy; x = numpy.ones({numbers})"))
    assert "page.ipynb took" in output
    assert "1 passed, 1 error" in output
    minutes, gigabytes = re.search(r"^ *([\d.]+) +([\d.]+) +page\.ipynb$", output, flags=re.M).groups()
    assert 0 < float(minutes) < 2
    assert 1.6 * MAX_GB < float(gigabytes) < 2 * MAX_GB


def test_all_notebooks_together_over_budget_fail_the_run(report, tmp_path):
    runner = tmp_path / "tools" / "notebook_runner.py"
    text = runner.read_text("utf-8")
    assert "MAX_MINUTES_ALL = 3, 25" in text
    runner.write_text(text.replace("MAX_MINUTES_ALL = 3, 25", "MAX_MINUTES_ALL = 3, 0"), "utf-8")
    output = report(notebook("1 + 1"))
    assert "all notebooks took" in output
    assert report.returncode == 1


def test_the_board_is_replaced_only_after_a_run_that_ended(monkeypatch, tmp_path):
    board = tmp_path / "leaderboard.json"
    board.write_text('{"old": 1}')
    monkeypatch.setattr(leaderboard, "FILE", board)

    def fail_half_way():
        with execute_notebooks.leaderboard_open(keep=True):
            Path(os.environ["TUTORIAL_LEADERBOARD"]).write_text('{"new": 1}')
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        fail_half_way()
    assert board.read_text() == '{"old": 1}'
    with execute_notebooks.leaderboard_open(keep=True):
        Path(os.environ["TUTORIAL_LEADERBOARD"]).write_text('{"new": 1}')
        assert board.read_text() == '{"old": 1}'
    assert board.read_text() == '{"new": 1}'
    with execute_notebooks.leaderboard_open(keep=False):
        assert "TUTORIAL_LEADERBOARD" not in os.environ


def chapter(**record) -> nbformat.NotebookNode:
    page = notebook("1 + 1")
    page.cells.append(nbformat.v4.new_markdown_cell("# Four words of prose $x + y$ [linked](there.md)"))
    picture = nbformat.v4.new_output("display_data", {"image/png": "", "text/plain": "a picture"})
    page.cells[0].outputs = [picture]
    page.metadata["tutorial"] = record
    return page


MEASURED = {"cpu_minutes": 1.2, "memory_gb": 0.9, "avx2": {"minutes": 2.5, "memory_gb": 1.1}}


def test_measured_figures_go_into_the_readmes_table(monkeypatch, tmp_path):
    (tmp_path / "notebooks").mkdir()
    nbformat.write(chapter(**MEASURED), tmp_path / "notebooks" / "01_x.ipynb")
    head = "| | chapter | you build | minutes | memory | hours | minutes, AVX2 |\n"
    before = head + "| 1 | [x](notebooks/01_x.ipynb) | things | | | 3 | |\nother | text |\n"
    (tmp_path / "README.md").write_text(before)
    monkeypatch.setattr(execute_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(execute_notebooks, "CHAPTERS", [tmp_path / "notebooks" / "01_x.ipynb"])
    execute_notebooks.update_readme()
    expected = head + "| 1 | [x](notebooks/01_x.ipynb) | things | 1.2 | 0.9 GB | 3 | 2.5 |\nother | text |\n"
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
    assert lines[1] == ["01_x", "1.2", "2.5", "0.90", "1.10", "1", "5", "0.00"]
    assert lines[2][:5] == ["02_new", "-", "-", "-", "-"]
    assert lines[3][:2] == ["all", "1.2"]
