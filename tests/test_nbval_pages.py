"""Claims: in `make test` pages run two at a time, each stops at what is wrong, and each is measured."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import nbval_pages
import pytest
from measuring import Figures, peak_memory_gb
from pages import ROOT

NO_PROC = peak_memory_gb(os.getpid()) is None


def notebook(*sources: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


NOT_ATTEMPTED = """
class NotAttempted(AssertionError):
    def _render_traceback_(self):
        return [f"… {self}"]
def check(text):
    raise NotAttempted(text)
class checks:
    check_mse = check
mse = "mse: not attempted yet"
"""
# Name of the page, its cells, and how many are tagged from the end of it: raises-exception.
PAGES = {
    "dead": (["import os", "os._exit(1)", "print('after')"], 0),
    "failing": (["x = 1", "1 / 0", "y = x"], 0),
    "raising": (["x = 1", "1 / 0"], 1),
    "tame": (["x = 1", "x"], 1),
    "large": (["x = bytearray(500_000_000)"], 0),
    "exercises/stub": ([NOT_ATTEMPTED, "checks.check_mse(mse)"], 1),
    "exercises/broken": ([NOT_ATTEMPTED, "checks.check_mse(mse_)"], 1),
    "exercises/other": ([NOT_ATTEMPTED, "checks.check_mse('l1: not attempted yet')"], 1),
    "exercises/noisy": (["import sys; sys.stderr.write('a warning')"], 0),
}


@pytest.fixture(scope="module")
def checkout_of_pages(tmp_path_factory):
    """A folder with the pages, our own conftest and options, and budgets soon used up."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "conftest.py", folder)
    shutil.copytree(ROOT / "tools", folder / "tools")
    settings = (ROOT / "pyproject.toml").read_text("utf-8").partition("filterwarnings")[0]
    (folder / "pyproject.toml").write_text(settings, "utf-8")
    with (folder / "tools" / "budgets.py").open("a", encoding="utf-8") as file:
        file.write("\nMAX_GB, MAX_MINUTES_ALL = 0.3, 0\n")
    (folder / "notebooks" / "exercises").mkdir(parents=True)
    for name, (sources, tagged) in PAGES.items():
        page = notebook(*sources)
        for cell in page.cells[len(sources) - tagged :]:
            cell.metadata["tags"] = ["raises-exception"]
        nbformat.write(page, folder / "notebooks" / f"{name}.ipynb")
    return folder


def run_pages(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pytest", "-rA", *arguments]
    environment = os.environ | {"TUTORIAL_DEVICE": "cpu"}  # where memory is held
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def output(checkout_of_pages) -> str:
    """What pytest says of all pages, run by two workers."""
    output = run_pages(checkout_of_pages, "-n2", "notebooks").stdout
    assert "2 workers" in output
    return output


def failures(output: str, page: str) -> dict[str, str]:
    """The part of pytest's output about each cell of a page that failed."""
    parts = re.split(r"^_+ (.+\.ipynb::Cell \d+) _+$|^=+ .+ =+$", output, flags=re.M)
    named = {name: text for name, text in zip(parts[1::2], parts[2::2], strict=True) if name}
    ours = {name: text for name, text in named.items() if f"notebooks/{page}.ipynb" in name}
    return {name.partition("::")[2]: text for name, text in ours.items()}


@pytest.mark.parametrize(
    ("page", "cell", "message"),
    [
        ("dead", "Cell 1", "the kernel died in this cell"),
        ("failing", "Cell 1", "ZeroDivisionError"),
        ("tame", "Cell 1", "tagged raises-exception and raised nothing"),
        ("exercises/broken", "Cell 1", "NameError"),
        ("exercises/other", "Cell 1", "does not say that its exercise is not attempted yet"),
        ("exercises/noisy", "Cell 0", "writes to stderr"),
    ],
)
def test_a_page_stops_at_the_cell_that_is_wrong(output, page, cell, message):
    ((where, text),) = failures(output, page).items()
    assert where == cell
    assert message in text


def test_pages_that_do_as_they_should_pass_and_cells_after_a_failure_are_skipped(output):
    assert not failures(output, "raising")
    assert not failures(output, "exercises/stub")
    assert "6 failed, 10 passed, 2 skipped" in output  # dead and failing have a third cell


@pytest.mark.skipif(NO_PROC, reason="this system tells no memory")
def test_a_page_over_budget_is_an_error(output):
    ((_, text),) = failures(output, "large").items()
    assert re.search(r"large.ipynb took 0\.5\d GB; 0\.30 are allowed", text)


def figures_in(output: str) -> dict[str, list[str]]:
    """The table at the end: minutes, processor minutes and GB of each page."""
    table = output.partition("GB of each page =")[2]
    rows = re.findall(r"^ +([\d.]+) +([\d.]+|-) +([\d.]+|-)  (.+)$", table, flags=re.M)
    return {name: values for *values, name in rows}


def test_figures_of_every_page_come_from_the_workers(output):
    figures = figures_in(output)
    assert set(figures) == {"in all", *(f"notebooks/{name}.ipynb" for name in PAGES)}
    minutes = {name: float(values[0]) for name, values in figures.items()}
    assert all(0 < value < 2 for value in minutes.values())
    assert minutes.pop("in all") == pytest.approx(sum(minutes.values()), abs=0.05)
    assert "all pages took" in output
    if not NO_PROC:
        _, worked, gigabytes = map(float, figures["notebooks/large.ipynb"])
        assert 0 < worked < 1
        assert 0.5 < gigabytes < 0.8


def test_one_page_alone_needs_no_worker_and_is_measured_too(checkout_of_pages):
    run = run_pages(checkout_of_pages, "notebooks/raising.ipynb")
    assert "2 passed" in run.stdout
    assert "worker" not in run.stdout
    assert set(figures_in(run.stdout)) == {"in all", "notebooks/raising.ipynb"}
    assert "all pages took" in run.stdout
    assert run.returncode == 1, "the budget of all pages together"


@pytest.fixture
def root_conftest(pytestconfig):
    return pytestconfig.pluginmanager.get_plugin(str(ROOT / "conftest.py"))


@pytest.mark.parametrize(
    ("cores", "gigabytes", "arguments", "workers"),
    [
        (2, 16.0, ["tests", "notebooks"], 2),
        (8, 16.0, ["tests"], 5),
        (4, 3.5, ["tests"], 0),
        (1, 16.0, ["tests"], 0),
        (8, 64.0, [__file__], 0),
        (8, 64.0, [f"{__file__}::test_one"], 0),
    ],
)
def test_there_are_as_many_workers_as_cores_and_memory_allow(
    root_conftest, monkeypatch, cores, gigabytes, arguments, workers
):
    monkeypatch.setattr(root_conftest, "usable_cores", lambda: cores)
    monkeypatch.setattr(root_conftest, "memory_gb", lambda: gigabytes)
    config = SimpleNamespace(args=arguments)
    assert root_conftest.pytest_xdist_auto_num_workers(config) == workers


@pytest.mark.parametrize(
    ("cores", "workers", "threads"), [(2, 2, "1"), (2, 4, "1"), (8, 2, "4"), (2, 0, None)]
)
def test_workers_share_the_cores(root_conftest, monkeypatch, cores, workers, threads):
    monkeypatch.setattr(root_conftest, "usable_cores", lambda: cores)
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    monkeypatch.delenv("OMP_NUM_THREADS")
    root_conftest.pytest_configure(SimpleNamespace(option=SimpleNamespace(numprocesses=workers)))
    assert os.environ.get("OMP_NUM_THREADS") == threads


def test_workers_begin_with_the_longest_pages(root_conftest, tmp_path):
    records = {
        "01_quick": {"cpu_minutes": 0.5},
        "02_long": {"cpu_minutes": 3, "processor_minutes": 6},
        "x": {},
    }
    paths = [tmp_path / "test_x.py", *(tmp_path / f"{name}.ipynb" for name in records)]
    paths += [tmp_path / name for name in root_conftest.LONG_TESTS]
    for path in paths[1:4]:
        page = notebook("1 + 1")
        page.metadata["tutorial"] = records[path.stem]
        nbformat.write(page, path)
    items = [SimpleNamespace(path=path, cell=cell) for path in paths for cell in range(2)]
    before = list(items)
    root_conftest.pytest_collection_modifyitems(SimpleNamespace(), items)
    assert items == before, "without workers the order stays"
    root_conftest.pytest_collection_modifyitems(SimpleNamespace(workerinput={}), items)
    minutes = [root_conftest.minutes(item.path) for item in items]
    assert minutes == sorted(minutes, reverse=True)
    assert minutes[0] == 6
    assert [item.path.stem for item in items[-4:]] == ["test_x", "test_x", "x", "x"]
    assert [item.cell for item in items] == [0, 1] * len(paths)


def test_the_long_tests_are_there(root_conftest):
    assert all((ROOT / "tests" / name).exists() for name in root_conftest.LONG_TESTS)


def test_too_many_minutes_on_a_busy_machine_are_a_warning_and_too_much_memory_an_error(monkeypatch):
    slow, waiting = Figures(13.0, 12.0, chapter=True), Figures(13.0, 4.0, chapter=True)
    assert "took 13.00 minutes" in nbval_pages.problem_of(slow)
    assert nbval_pages.problem_of(waiting) is None
    monkeypatch.setenv("TUTORIAL_DEVICE", "cpu")
    assert "took 2.00 GB" in nbval_pages.problem_of(Figures(13.0, 4.0, peak_gb=2.0))
    monkeypatch.setenv("TUTORIAL_DEVICE", "cuda")
    assert nbval_pages.problem_of(Figures(13.0, 4.0, peak_gb=2.0)) is None, "a GPU's driver needs some, too"
    summary = nbval_pages.Summary()
    summary.runs = {"slow.ipynb": slow}
    assert summary.warnings() == []
    summary.runs["waiting.ipynb"] = waiting
    named, late = summary.warnings()
    assert re.fullmatch("WARNING: the machine was busy .*: waiting.ipynb", named)
    assert late.startswith("WARNING: waiting.ipynb took 13.00 minutes")


@pytest.mark.parametrize(("worked", "status"), [(100.0, 1), (50.0, 0)])
def test_all_pages_together_fail_a_run_that_passed_unless_the_machine_was_busy(worked, status):
    summary = nbval_pages.Summary()
    summary.runs = {str(number): Figures(10.0, worked / 10, chapter=True) for number in range(10)}
    session = SimpleNamespace(exitstatus=0)
    summary.pytest_sessionfinish(session)
    assert session.exitstatus == status
    assert summary.table()[-1] == "all pages took 100.0 minutes; 30 are allowed"
