"""Run one notebook in a clean kernel, and measure it. Shared by the tools and the tests."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

import nbformat
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient

MAX_MINUTES, MAX_GB, EXERCISE_MINUTES = 4.0, 1.5, 0.25  # of one notebook, on two CPU cores
MAX_MINUTES_MEAN, MAX_MINUTES_ALL = 3, 25
SLACK = 1.5
LONG_SECONDS = 10  # a cell that takes longer says so beforehand


def peak_memory_gb(pid: int) -> float | None:
    """The most memory that a process has had resident, in GB; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0][1]) * 1024 / 1e9 if lines else None


def over_budget(minutes: float, peak_gb: float | None, *, chapter: bool) -> str | None:
    """What is wrong with a run that took more than one and a half times what is allowed: machines vary."""
    cap = MAX_MINUTES if chapter else EXERCISE_MINUTES
    if minutes > SLACK * cap:
        return f"took {minutes:.2f} minutes; {cap:.2f} are allowed, {SLACK * cap:.2f} is the limit here"
    if peak_gb is not None and peak_gb > SLACK * MAX_GB:
        return f"took {peak_gb:.2f} GB; {MAX_GB:.2f} are allowed, {SLACK * MAX_GB:.2f} is the limit here"
    return None


def all_over_budget(chapters: Sequence[float], others: Sequence[float]) -> str | None:
    """The same for the minutes of all notebooks together, and for the chapters' mean."""
    total, mean = sum(chapters) + sum(others), sum(chapters) / max(len(chapters), 1)
    if total > SLACK * MAX_MINUTES_ALL:
        return f"all notebooks took {total:.1f} minutes; {MAX_MINUTES_ALL} are allowed"
    if mean > SLACK * MAX_MINUTES_MEAN:
        return f"a chapter took {mean:.1f} minutes on average; {MAX_MINUTES_MEAN} are allowed"
    return None


@dataclass
class Run:
    """Minutes, GB of memory at most (None where the system does not tell), and seconds of each cell."""

    minutes: float = 0.0
    peak_gb: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)


class Client(NotebookClient):
    """nbclient can wait for ever for a reply that is there (its issue 312); asking twice a second helps."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.run = Run()

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        wait = client.shell_channel.get_msg

        async def get_msg(timeout: float | None = None):
            end = None if timeout is None else time.monotonic() + timeout
            while True:
                left = 0.5 if end is None else max(0.01, min(0.5, end - time.monotonic()))
                try:
                    return await ensure_async(wait(timeout=left))
                except Empty:
                    if end is not None and time.monotonic() >= end:
                        raise

        client.shell_channel.get_msg = get_msg
        return client

    async def async_execute_cell(self, cell, cell_index, *args, **kwargs):
        if cell.cell_type == "code":
            print(f"\r  cell {cell_index + 1} of {len(self.nb.cells)} ", end="", flush=True)
        start = time.monotonic()
        result = await super().async_execute_cell(cell, cell_index, *args, **kwargs)
        self.run.seconds[cell.id] = time.monotonic() - start
        self.run.peak_gb = peak_memory_gb(self.km.provisioner.pid)
        return result


async def execute(notebook: nbformat.NotebookNode, folder: Path) -> Run:
    """Execute in place, with `folder` as the working folder.

    Raises `CellExecutionError` at the first cell that fails.
    """
    client = Client(
        notebook,
        timeout=7200,
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    start = time.monotonic()
    await client.async_execute()
    client.run.minutes = (time.monotonic() - start) / 60
    return client.run
