"""What a run of a page takes: minutes, processor time, memory; and whether other work slowed it down."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

BUSY, BUSY_MINUTES = 1.5, 0.5


@dataclass
class Figures:
    """What one run of a page took; None where the system does not tell.

    `processor_minutes` is how long cores worked for it, summed over the cores; `load` is the machine's load
    average when it ended, in processes a core.
    """

    minutes: float
    processor_minutes: float | None = None
    peak_gb: float | None = None
    load: float | None = None
    chapter: bool = False


def figures_of(pid: int, seconds: float, *, chapter: bool) -> Figures:
    """Of the running process `pid`, which began `seconds` ago."""
    worked = processor_seconds(pid)
    minutes = None if worked is None else worked / 60
    return Figures(seconds / 60, minutes, peak_memory_gb(pid), load(), chapter)


def peak_memory_gb(pid: int) -> float | None:
    """The most memory that a process has had resident, in GB; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0][1]) * 1024 / 1e9 if lines else None


def processor_seconds(pid: int) -> float | None:
    """How long cores worked for a process and its ended children; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = status.rpartition(")")[2].split()  # the name before it may hold spaces; field 3 is the first
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def load() -> float | None:
    """The load average of the last minute, in processes a core; None where the system does not tell."""
    return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else None


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_gb() -> float:
    """How much memory the machine has; 8 GB where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (AttributeError, ValueError):  # Windows
        return 8.0


def machine() -> str:
    """The processor's name, such as "AMD EPYC 7B13", or its kind where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def busy(run: Figures) -> bool:
    """Whether other work slowed the run down: it waited for a core, or the machine had two tasks a core.

    A run of less than half a minute is mostly the start of its kernel, and says nothing.
    """
    if run.minutes < BUSY_MINUTES:
        return False
    starved = run.processor_minutes is not None and run.minutes > BUSY * run.processor_minutes
    return starved or (run.load is not None and run.load > 2)
