"""Claims: a run over budget, a dead kernel and a failing cell are each reported, and digests see code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from notebook_runner import code_digest, over_budget, peak_memory_gb

ROOT = Path(__file__).parents[1]
RECORD = {"cpu_minutes": 1.0, "memory_gb": 1.0}


@pytest.mark.parametrize(
    ("minutes", "peak_gb", "record", "message"),
    [
        (1.4, 1.4, RECORD, None),
        (1.6, 1.0, RECORD, "took 1.60 minutes; 1.00 are recorded"),
        (1.0, 1.6, RECORD, "took 1.60 GB; 1.00 are recorded"),
        (1.0, None, RECORD, None),
        (6.1, 1.0, {"cpu_minutes": 9.0, "memory_gb": 1.0}, "6.00 are the limit"),
        (1.0, 2.3, {"cpu_minutes": 1.0, "memory_gb": 9.0}, "2.25 are the limit"),
        (0.3, 1.0, {}, None),
        (0.5, 1.0, {}, "took 0.50 minutes"),
    ],
)
def test_over_budget_is_named(minutes, peak_gb, record, message):
    problem = over_budget(minutes, peak_gb, record)
    assert problem is None if message is None else message in problem


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
    assert code_digest(page) != tagged


@pytest.fixture
def report(tmp_path):
    """Run pages through the repository's own conftest in another folder; return pytest's output."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")

    def run(page: nbformat.NotebookNode) -> str:
        nbformat.write(page, tmp_path / "page.ipynb")
        options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=60", "-rA"]
        command = [sys.executable, "-m", "pytest", "--rootdir=.", *options, "page.ipynb"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout

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
def test_run_over_budget_is_an_error(report):
    page = notebook("1 + 1")
    page.metadata["tutorial"] = {"cpu_minutes": 1.0, "memory_gb": 0.001}
    output = report(page)
    assert "page.ipynb took" in output
    assert "1 passed, 1 error" in output


def test_the_board_is_replaced_only_after_a_run_that_ended(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from execute_notebooks import leaderboard_open

    from tutorial_utils import leaderboard

    board = tmp_path / "leaderboard.json"
    board.write_text('{"old": 1}')
    monkeypatch.setattr(leaderboard, "FILE", board)

    def fail_half_way():
        with leaderboard_open(keep=True):
            Path(os.environ["TUTORIAL_LEADERBOARD"]).write_text('{"new": 1}')
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        fail_half_way()
    assert board.read_text() == '{"old": 1}'
    with leaderboard_open(keep=True):
        Path(os.environ["TUTORIAL_LEADERBOARD"]).write_text('{"new": 1}')
        assert board.read_text() == '{"old": 1}'
    assert board.read_text() == '{"new": 1}'
    with leaderboard_open(keep=False):
        assert "TUTORIAL_LEADERBOARD" not in os.environ
