"""Run a command in a folder that is thrown away afterwards, within limits on time, memory and output."""

import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from pages import ROOT

from tutorial_utils.files import cache_dir

MARK = "TUTORIAL_GRADING_RUN"  # in the environment of every process that a run starts
PAUSE = 0.2


@dataclass(frozen=True)
class Limits:
    """For one run: `seconds` in all, `memory_gb` of all its processes, `written_mb` of files and outputs."""

    seconds: float = 600
    memory_gb: float = 4
    written_mb: float = 50


def run(command: Sequence[str], folder: Path, log: Path, limits: Limits) -> str | None:
    """Run `command` in `folder` to its end, its output in `log`, beside it; then no process of it is left.

    Returns None, or what was wrong: the limit that it broke, or that it ended with an error.
    """
    mark, start, before = uuid.uuid4().hex, time.monotonic(), _megabytes(log.parent)
    problem = None

    def broken() -> str | None:
        if time.monotonic() - start > limits.seconds:
            return f"stopped after {limits.seconds:g} seconds"
        if (used := _memory_gb(process)) > limits.memory_gb:
            return f"stopped at {used:.1f} GB of memory; {limits.memory_gb:g} are the limit"
        if (written := _megabytes(log.parent) - before) > limits.written_mb:
            return f"stopped when it had written {written:.0f} MB; {limits.written_mb:g} are the limit"
        return None

    with log.open("wb") as out:
        options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
        process = psutil.Popen(command, cwd=folder, env={**os.environ, MARK: mark}, **options)
        try:
            while process.poll() is None and not (problem := broken()):
                with contextlib.suppress(psutil.TimeoutExpired):
                    process.wait(PAUSE)
        finally:
            _end(mark)
            process.wait()
    failed = f"ended with status {process.returncode}" if process.returncode else None
    return problem or broken() or failed


def _memory_gb(process: psutil.Popen) -> float:
    total = 0
    with contextlib.suppress(psutil.Error):  # one of them has just ended
        for member in (process, *process.children(recursive=True)):
            total += member.memory_info().rss
    return total / 1e9


def _megabytes(folder: Path) -> float:
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):  # it has just been removed
                total += os.lstat(os.path.join(path, name)).st_size
    return total / 1e6


def _end(mark: str) -> None:
    """Kill whatever carries the mark, kernels in sessions of their own included, until nothing is left."""
    for _ in range(20):
        members = [process for process in psutil.process_iter() if _carries(process, mark)]
        if not members:
            return
        for process in members:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(members, timeout=1)


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):  # another user's, or gone
        return False


def isolated(command: Sequence[str], folder: Path, hidden: Path) -> list[str]:
    """`command` inside bubblewrap: no network, an empty home, and nothing to write to but `folder`.

    Of the rest it sees what a Python process needs, and `hidden` not. Linux only.
    """
    shown = [path for path in (ROOT, Path(sys.prefix), Path(sys.base_prefix)) if path.exists()]
    cache = cache_dir().resolve()
    return [
        *("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),
        *("--tmpfs", str(Path.home())),
        *(word for path in shown for word in ("--ro-bind", str(path), str(path))),
        *("--tmpfs", str(hidden.resolve()), "--ro-bind-try", str(cache), str(cache)),
        *("--bind", str(folder), str(folder), "--chdir", str(folder), "--setenv", "HOME", str(folder)),
        *("--unshare-all", "--die-with-parent", *command),
    ]
