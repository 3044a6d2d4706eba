"""Train shipped networks again, with the code of the pages that make them: what `make checkpoints` does.

python tools/train.py                      all of them, but the yardstick, on which every distance hangs
python tools/train.py 04_gan 05_vae        some
python tools/train.py --replay [NAMES]     train a twentieth, and where the history begins as the record's,
                                           write down that today's code makes it (after tidying code)

Which page makes which network stands in the pages' metadata. Afterwards run `make outputs` for these pages.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

import nbformat
from notebook_runner import execute
from pages import CHAPTERS, ROOT, read

from tutorial_utils import checkpoints, records, yardsticks
from tutorial_utils.progress import format_seconds

REPLAY = "from tutorial_utils import records; records.replaying = {names!r}"


def makers() -> dict[str, Path]:
    """Each shipped result, and the page that makes it."""
    pages = {path: read(path).metadata.get("tutorial", {}).get("checkpoints", {}) for path in CHAPTERS}
    return {name: path for path, names in pages.items() for name in names}


def plan(names: list[str]) -> dict[Path, list[str]]:
    """The pages to run, each with the names that it is to make (default: all but the yardstick).

    Raises `ValueError` for a name that no page makes.
    """
    pages = makers()
    unknown = [name for name in names if name not in pages]
    if unknown:
        raise ValueError(f"no page makes {', '.join(unknown)}. There are {', '.join(sorted(pages))}.")
    chosen = names or [name for name in pages if name != yardsticks.CLOTHES.name]
    todo: dict[Path, list[str]] = {}
    for name in chosen:
        todo.setdefault(pages[name], []).append(name)
    return todo


def announcement(names: list[str]) -> str:
    """How long each training took the last time, and all together."""
    lines, total = [], 0.0
    for name in names:
        path = checkpoints.FOLDER / f"{name}.json"
        lines.append(f"{name}: {records.duration(path)}")
        total += records.load(path)["seconds"] if path.exists() else 0.0
    return "\n".join([*lines, f"in all {format_seconds(total)}, and the pages around them"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="default: all but the yardstick")
    parser.add_argument("--replay", action="store_true", help="a twentieth, to compare with the record")
    options = parser.parse_args()
    try:
        todo = plan([name for name in options.names if name != "all"])
    except ValueError as problem:
        sys.exit(str(problem))
    names = [name for some in todo.values() for name in some]
    print(announcement(names), flush=True)
    os.environ |= {"TUTORIAL_HEADLESS": "1", "TUTORIAL_RETRAIN": "" if options.replay else ",".join(names)}
    for path in todo:
        print(path.relative_to(ROOT))
        notebook = read(path)
        if options.replay:
            notebook.cells.insert(0, nbformat.v4.new_code_cell(REPLAY.format(names=names)))
        asyncio.run(execute(notebook, path.parent))
        print()


if __name__ == "__main__":
    main()
