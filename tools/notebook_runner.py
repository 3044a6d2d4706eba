"""Run one notebook in a clean kernel, and measure it. Shared by the tools and the tests."""

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty

import nbformat
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
MAX_MINUTES, MAX_GB, EXERCISE_MINUTES = 4.0, 1.5, 0.25  # of one notebook, on two CPU cores
SLACK = 1.5  # machines vary by half


def code_digest(notebook: nbformat.NotebookNode) -> str:
    """A digest of everything that decides what a run prints: the code cells and their tags."""
    parts = [
        [cell.source, sorted(cell.metadata.get("tags", []))]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def peak_memory_gb(pid: int) -> float | None:
    """The most memory that a process has had resident, in GB; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0][1]) * 1024 / 1e9 if lines else None


def over_budget(minutes: float, peak_gb: float | None, record: Mapping[str, float]) -> str | None:
    """What is wrong with a run, if it took more than 1.5 times what is recorded or what DESIGN allows.

    `record` is `metadata.tutorial`; a notebook without one is an exercise or a solution.
    """
    recorded = record.get("cpu_minutes", EXERCISE_MINUTES)
    limit = SLACK * min(recorded, MAX_MINUTES)
    if minutes > limit:
        return f"took {minutes:.2f} minutes; {recorded:.2f} are recorded, {limit:.2f} are the limit"
    recorded = record.get("memory_gb", MAX_GB)
    limit = SLACK * min(recorded, MAX_GB)
    if peak_gb is not None and peak_gb > limit:
        return f"took {peak_gb:.2f} GB; {recorded:.2f} are recorded, {limit:.2f} are the limit"
    return None


class Client(NotebookClient):
    """nbclient can wait for ever for a reply that is there (its issue 312); asking twice a second helps."""

    peak_gb: float | None = None

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
        result = await super().async_execute_cell(cell, cell_index, *args, **kwargs)
        self.peak_gb = peak_memory_gb(self.km.provisioner.pid)
        return result


async def execute(notebook: nbformat.NotebookNode, folder: Path) -> tuple[float, float | None]:
    """Execute in place, with `folder` as the working folder; return minutes and peak GB.

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
    return (time.monotonic() - start) / 60, client.peak_gb
