"""Run one notebook in a clean kernel for `make outputs`, and measure it. (In `make test` nbval runs them.)"""

import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

import nbformat
from jupyter_core.utils import ensure_async
from measuring import Figures, figures_of
from nbclient import NotebookClient

LONG_SECONDS = 10  # a cell that takes longer says so beforehand


@dataclass
class Run:
    """What the run took in all, and the seconds of each cell."""

    figures: Figures
    seconds: dict[str, float]


class Client(NotebookClient):
    """nbclient can wait for ever for a reply that is there (its issue 312); asking twice a second helps."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.chapter = "tutorial" in self.nb.metadata
        self.seconds: dict[str, float] = {}
        self.figures = Figures(minutes=0.0)

    async def async_start_new_kernel_client(self):
        self.started = time.monotonic()
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
        end = time.monotonic()
        self.seconds[cell.id] = end - start
        self.figures = figures_of(self.km.provisioner.pid, end - self.started, chapter=self.chapter)
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
    await client.async_execute()
    return Run(client.figures, client.seconds)
