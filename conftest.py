"""nbval, made fit for CI: a dead kernel is reported at once, a notebook stops at its first failing cell, and
each notebook's wall time and peak memory are measured, held against the budgets, and listed at the end."""

import os
import sys
import time
from pathlib import Path
from queue import Empty

import pytest
from nbval import kernel as nbval_kernel
from nbval.plugin import IPyNbCell, IPyNbFile

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tools"))

from notebook_runner import all_over_budget, over_budget, peak_memory_gb  # noqa: E402 (needs the path above)

os.environ["TUTORIAL_HEADLESS"] = "1"
START_SECONDS = 15.0  # a kernel's start and first imports, which hang on the disk and not on the notebook

measured: dict[Path, tuple[float, float | None, bool]] = {}  # minutes, GB, whether it is a chapter

_await_reply = nbval_kernel.RunningKernel.await_reply
_setup, _teardown = IPyNbFile.setup, IPyNbFile.teardown


def await_reply(self, msg_id, timeout=None):
    """Look every two seconds whether the kernel still lives, rather than wait out the whole timeout."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        left = 2.0 if end is None else min(2.0, end - time.monotonic())
        try:
            return _await_reply(self, msg_id, timeout=max(left, 0.01))
        except Empty:
            if not self.is_alive():
                raise RuntimeError("the kernel died in this cell (out of memory?)") from None
            if end is not None and time.monotonic() >= end:
                raise


def setup(self):
    self.started = time.monotonic()
    _setup(self)


def teardown(self):
    """Measure before the kernel stops, then hold the figures against the budgets."""
    minutes = (time.monotonic() - self.started) / 60
    peak_gb = peak_memory_gb(self.kernel.km.provisioner.pid) if self.kernel.is_alive() else None
    _teardown(self)
    chapter = "tutorial" in self.nb.metadata
    measured[self.path] = (minutes, peak_gb, chapter)
    problem = over_budget(minutes - START_SECONDS / 60, peak_gb, chapter=chapter)
    if problem and not getattr(self, "first_failure", None):
        pytest.fail(f"{self.path.name} {problem}")


def pytest_sessionfinish(session):
    """All notebooks together have a budget, too."""
    chapters = [minutes for minutes, _, chapter in measured.values() if chapter]
    others = [minutes for minutes, _, chapter in measured.values() if not chapter]
    session.config.over_budget = all_over_budget(chapters, others)
    if session.config.over_budget and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if not measured:
        return
    terminalreporter.section("minutes and GB of each notebook")
    for path, (minutes, peak_gb, _) in measured.items():
        name = path.relative_to(config.rootpath)
        terminalreporter.write_line(f"{minutes:6.2f}  {peak_gb or float('nan'):5.2f}  {name}")
    total = sum(minutes for minutes, _, _ in measured.values())
    terminalreporter.write_line(config.over_budget or f"{total:6.2f}  in all")


nbval_kernel.RunningKernel.await_reply = await_reply
IPyNbFile.setup, IPyNbFile.teardown = setup, teardown


def pytest_runtest_setup(item):
    failed = getattr(item.parent, "first_failure", None)
    if isinstance(item, IPyNbCell) and failed:
        pytest.skip(f"{failed} of this notebook failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if isinstance(item, IPyNbCell) and report.failed:
        item.parent.first_failure = getattr(item.parent, "first_failure", None) or item.name
    return report
