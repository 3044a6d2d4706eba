"""A pytest plugin that makes nbval fit for the course's pages.

A dead kernel is reported at once. A page stops at its first failing cell. A cell tagged `raises-exception`
must raise, and on a student's copy it must say that the exercise is not attempted. Each page's minutes and
memory are measured, held against the budgets, and listed at the end, also where several workers
(pytest-xdist) run the pages.
"""

import re
import time
from dataclasses import asdict
from queue import Empty

import nbval.plugin
import pytest
from budgets import all_over_minutes, over_memory, over_minutes
from measuring import Figures, busy, figures_of
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

PAGE = "figures of a page"


class WatchedKernel(RunningKernel):
    """Look every two seconds whether the kernel still lives, rather than wait out the whole timeout."""

    def await_reply(self, msg_id, timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = 2.0 if end is None else min(2.0, end - time.monotonic())
            try:
                return super().await_reply(msg_id, timeout=max(left, 0.01))
            except Empty:
                if not self.is_alive():
                    raise RuntimeError("the kernel died in this cell (out of memory?)") from None
                if end is not None and time.monotonic() >= end:
                    raise


nbval.plugin.RunningKernel = WatchedKernel  # the one name of nbval that is changed


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if isinstance(item, IPyNbCell):
        page = item.parent
        page.started = getattr(page, "started", None) or time.monotonic()  # before its kernel starts
        if getattr(page, "first_failure", None):
            pytest.skip(f"{page.first_failure} of this notebook failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    problem = wrong_outcome(item) if isinstance(item, IPyNbCell) else None
    if problem:
        item.raise_cell_error(problem)
    return result


def wrong_outcome(cell: IPyNbCell) -> str | None:
    """What is wrong with what a cell raised, or wrote, though nbval lets it pass."""
    outputs, student = cell.test_outputs or [], cell.path.parent.name == "exercises"
    if student and any(output.get("name") == "stderr" for output in outputs):
        return "It writes to stderr"
    if not cell.options["check_exception"]:
        return None
    if cell.parent.timed_out:
        return f"Timeout of {cell.config.option.nbval_cell_timeout:g} seconds exceeded executing cell"
    errors = [output for output in outputs if output.output_type == "error"]
    if not errors:
        return "It is tagged raises-exception and raised nothing"
    shown = "\n".join(errors[0].traceback)
    name = re.match(r"checks\.check_(\w+)\(", cell.cell.source)
    if student and not (name and shown == f"… {name[1]}: not attempted yet"):
        return f"It does not say that its exercise is not attempted yet, but raised:\n{shown}"
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if isinstance(item, IPyNbCell) and report.failed:
        item.parent.first_failure = getattr(item.parent, "first_failure", None) or item.name
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Measure after a page's last cell, before its kernel stops; then hold the budgets."""
    if not isinstance(item, IPyNbCell) or (nextitem and nextitem.parent is item.parent):
        return (yield)
    page = item.parent
    seconds, chapter = time.monotonic() - page.started, "tutorial" in page.nb.metadata
    run = Figures(seconds / 60, chapter=chapter)
    if page.kernel is not None and page.kernel.is_alive():
        run = figures_of(page.kernel.km.provisioner.pid, seconds, chapter=chapter)
    item.user_properties.append((PAGE, asdict(run)))  # travels with the report from a worker
    result = yield
    problem = problem_of(run)
    if problem and not getattr(page, "first_failure", None):
        pytest.fail(f"{page.path.name} {problem}", pytrace=False)
    return result


def problem_of(run: Figures) -> str | None:
    """Why a page fails though its cells pass. Minutes too many on a busy machine are no failure."""
    memory = over_memory(run)
    if memory and not on_gpu():
        return memory
    return None if busy(run) else over_minutes(run)


def on_gpu() -> bool:
    """Whether pages compute on a GPU: its driver takes memory in their processes that no budget counts."""
    from tutorial_utils.device import get_device  # here, since few runs need it and PyTorch loads slowly

    return get_device().type != "cpu"


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # workers send their figures to the process that started them
        config.pluginmanager.register(Summary())


class Summary:
    """Collects the figures of every page, prints them, and holds those of all pages together."""

    def __init__(self) -> None:
        self.runs: dict[str, Figures] = {}
        self.problem: str | None = None

    def pytest_runtest_logreport(self, report):
        if report.when == "teardown":
            for name, value in report.user_properties:
                if name == PAGE:
                    self.runs[report.nodeid.partition("::")[0]] = Figures(**value)

    def pytest_sessionfinish(self, session):
        runs = list(self.runs.values())
        self.problem = all_over_minutes(runs)
        if self.problem and not any(map(busy, runs)) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        if self.runs:
            terminalreporter.section("minutes, processor minutes and GB of each page")
            for line in self.table():
                terminalreporter.write_line(line)
            for line in self.warnings():
                terminalreporter.write_line(line, yellow=True)

    def table(self) -> list[str]:
        runs = sorted(self.runs.items(), key=lambda pair: -pair[1].minutes)
        minutes = sum(run.minutes for _, run in runs)
        worked = sum(run.processor_minutes or 0.0 for _, run in runs)
        return [
            *(row(name, run.minutes, run.processor_minutes, run.peak_gb) for name, run in runs),
            row("in all", minutes, worked or None, None),
            *([self.problem] if self.problem else []),
        ]

    def warnings(self) -> list[str]:
        """What other work on the machine does to the figures."""
        slowed = {name: run for name, run in self.runs.items() if busy(run)}
        if not slowed:
            return []
        late = [f"WARNING: {name} {over_minutes(run)}" for name, run in slowed.items() if over_minutes(run)]
        names = ", ".join(slowed)
        return [f"WARNING: the machine was busy with other work, and these pages waited: {names}", *late]


def row(name: str, *values: float | None) -> str:
    return "  ".join("     -" if value is None else f"{value:6.2f}" for value in values) + f"  {name}"
