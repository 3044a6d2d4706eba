"""What a page may take, and what is wrong with one that takes more.

`make outputs` and `make avx2` record minutes on two cores of a quiet machine, and these keep the budgets
themselves. `make test` runs two pages at a time on whatever machine there is: it holds each page's memory,
and three times the minutes. Where the machine was busy, too many minutes are a warning.
"""

from collections.abc import Mapping, Sequence

from measuring import Figures

CORES = 2
MAX_MINUTES, MAX_GB, EXERCISE_MINUTES = 4.0, 1.5, 0.25  # of one page
MAX_MINUTES_MEAN, MAX_MINUTES_ALL = 3, 30  # of the chapters, and of all pages together
MINUTES_SLACK, GB_SLACK = 3, 1.2  # in `make test`


def over_minutes(run: Figures) -> str | None:
    """What is wrong with a run in `make test` that took too long."""
    allowed = MAX_MINUTES if run.chapter else EXERCISE_MINUTES
    limit = MINUTES_SLACK * allowed
    if run.minutes > limit:
        return f"took {run.minutes:.2f} minutes; {allowed:.2f} are allowed, {limit:.2f} is the limit here"
    return None


def over_memory(run: Figures) -> str | None:
    """What is wrong with a run in `make test` that took too much memory."""
    limit = GB_SLACK * MAX_GB
    if run.peak_gb is not None and run.peak_gb > limit:
        return f"took {run.peak_gb:.2f} GB; {MAX_GB:.2f} are allowed, {limit:.2f} is the limit here"
    return None


def all_over_minutes(runs: Sequence[Figures]) -> str | None:
    """The same for all pages of a run of `make test` together, and for the chapters' mean."""
    total = sum(run.minutes for run in runs)
    chapters = [run.minutes for run in runs if run.chapter]
    mean = sum(chapters) / max(len(chapters), 1)
    if total > MINUTES_SLACK * MAX_MINUTES_ALL:
        return f"all pages took {total:.1f} minutes; {MAX_MINUTES_ALL} are allowed"
    if mean > MINUTES_SLACK * MAX_MINUTES_MEAN:
        return f"a chapter took {mean:.1f} minutes on average; {MAX_MINUTES_MEAN} are allowed"
    return None


def recorded(record: Mapping) -> tuple[float, float]:
    """Minutes and GB of a chapter's record (`metadata.tutorial`): the larger of plain and AVX2 only."""
    avx2 = record.get("avx2", {})
    minutes = max(record.get("cpu_minutes", 0.0), avx2.get("minutes", 0.0))
    return minutes, max(record.get("memory_gb", 0.0), avx2.get("memory_gb", 0.0))


def recorded_over_budget(record: Mapping) -> str | None:
    """What is wrong with a chapter's record, which has no slack."""
    minutes, gigabytes = recorded(record)
    if minutes > MAX_MINUTES:
        return f"takes {minutes:.1f} minutes; {MAX_MINUTES:g} are allowed, with AVX2 only, too"
    if gigabytes > MAX_GB:
        return f"takes {gigabytes:.2f} GB; {MAX_GB:g} are allowed, with AVX2 only, too"
    return None
