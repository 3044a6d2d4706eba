"""Print what is recorded of each chapter. `make outputs` and `make avx2` measure it; nothing is run here."""

from budgets import MAX_GB, MAX_MINUTES, MAX_MINUTES_ALL, MAX_MINUTES_MEAN, recorded, recorded_over_budget
from pages import CHAPTERS, pictures, read, timed_record, words


def row(*cells: object) -> str:
    return f"{cells[0]:16}" + "".join(f"{cell:>11}" for cell in cells[1:])


def figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def main() -> None:
    print(row("chapter", "minutes", "processor", "AVX2 only", "GB", "AVX2 only", "figures", "words", "MB"))
    pages = {path: read(path) for path in CHAPTERS}
    records = {path: notebook.metadata.get("tutorial", {}) for path, notebook in pages.items()}
    for path, notebook in pages.items():
        record = records[path]
        avx2 = record.get("avx2", {})
        times = (record.get("cpu_minutes"), record.get("processor_minutes"), avx2.get("minutes"))
        memory = (record.get("memory_gb"), avx2.get("memory_gb"))
        columns = [*(figure(value, 1) for value in times), *(figure(value, 2) for value in memory)]
        size = f"{path.stat().st_size / 1e6:.2f}"
        print(row(path.stem, *columns, len(pictures(notebook)), f"{words(notebook):,}", size))
    minutes = [recorded(record)[0] for record in records.values()]
    total, mean = sum(minutes), sum(minutes) / len(minutes)
    print(f"all {total:.1f} minutes ({MAX_MINUTES_ALL} are allowed), mean {mean:.1f} ({MAX_MINUTES_MEAN})")
    print(f"one chapter may take {MAX_MINUTES:g} minutes and {MAX_GB} GB, with AVX2 only, too")
    for path, record in records.items():
        if problem := recorded_over_budget(record):
            print(f"{path.stem} {problem}")
        if timed_record(pages[path]) != record:
            print(f"{path.stem} was timed before its code changed: run it on a quiet machine")


if __name__ == "__main__":
    main()
