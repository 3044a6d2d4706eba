"""One line that says how far a long computation is, updated at most four times a second."""

import sys
import time
from html import escape


def format_seconds(seconds: float) -> str:
    """As "8 s" or "3 min 20 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class Progress:
    """Counts up to `total`, in `unit`, under a `label`.

    In a notebook it is one display that is replaced, and whose stored last state has no timing in it,
    so that a page run twice is the same page. Elsewhere it is one line on standard error.
    Use as a context: `with Progress(60_000, label="train") as progress: progress.advance(128)`.
    """

    def __init__(self, total: int, *, label: str, unit: str = "images") -> None:
        self.total, self.label, self.unit = total, label, unit
        self.done, self._start, self._shown = 0, time.monotonic(), 0.0
        self._handle = None

    def __enter__(self) -> "Progress":
        if _in_kernel():
            from IPython.display import display

            self._handle = display(self._bundle("starting"), raw=True, display_id=True)
        return self

    def advance(self, count: int, note: str = "") -> None:
        """Add `count`; `note` is shown behind the speed, such as the current loss."""
        self.done += count
        now = time.monotonic()
        if now - self._shown < 0.25:
            return
        self._shown = now
        speed = self.done / max(now - self._start, 1e-9)
        left = max(self.total - self.done, 0) / speed
        self._show(f"{speed:,.0f} {self.unit}/s, {format_seconds(left)} left{note and ', ' + note}")

    def __exit__(self, problem: object, *_: object) -> None:
        self._show("stopped early" if problem else "done")
        if not self._handle:
            print(file=sys.stderr)

    def _bundle(self, state: str) -> dict[str, str]:
        text = f"{self.label}: {self.done:,} of {self.total:,} {self.unit} ({state})"
        bar = f'<progress value="{self.done}" max="{self.total}" aria-label="{escape(self.label)}">'
        return {"text/plain": text, "text/html": f"{bar}</progress> {escape(text)}"}

    def _show(self, state: str) -> None:
        bundle = self._bundle(state)
        if self._handle:
            self._handle.update(bundle, raw=True)
        else:
            print("\r" + bundle["text/plain"].ljust(100), end="", file=sys.stderr, flush=True)
