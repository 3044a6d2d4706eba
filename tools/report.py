"""Print what is recorded of each chapter. `make outputs` and `make avx2` measure it; nothing is run here."""

from notebook_runner import MAX_GB, MAX_MINUTES, MAX_MINUTES_ALL, MAX_MINUTES_MEAN
from pages import CHAPTERS, pictures, read, words


def row(*cells: object) -> str:
    return f"{cells[0]:16}" + "".join(f"{cell:>11}" for cell in cells[1:])


def figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def main() -> None:
    print(row("chapter", "minutes", "AVX2 only", "GB", "AVX2 only", "figures", "words", "MB"))
    minutes = []
    for path in CHAPTERS:
        notebook = read(path)
        record = notebook.metadata.get("tutorial", {})
        avx2 = record.get("avx2", {})
        times = figure(record.get("cpu_minutes"), 1), figure(avx2.get("minutes"), 1)
        memory = figure(record.get("memory_gb"), 2), figure(avx2.get("memory_gb"), 2)
        size = f"{path.stat().st_size / 1e6:.2f}"
        print(row(path.stem, *times, *memory, len(pictures(notebook)), f"{words(notebook):,}", size))
        minutes.append(record.get("cpu_minutes", 0.0))
    total, mean = sum(minutes), sum(minutes) / len(minutes)
    print(f"all {total:.1f} minutes ({MAX_MINUTES_ALL} are allowed), mean {mean:.1f} ({MAX_MINUTES_MEAN})")
    print(f"one chapter may take {MAX_MINUTES:g} minutes and {MAX_GB} GB")


if __name__ == "__main__":
    main()
