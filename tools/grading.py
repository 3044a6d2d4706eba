"""Assign a chapter's exercises with nbgrader, take in what comes back, grade it, and report.

python tools/grading.py assign 04_gan course                write course/source/04_gan/04_gan.ipynb
python tools/grading.py assign 04_gan course --only kl_minus_2js --points kl_minus_2js=5
python tools/grading.py collect 04_gan course downloads     take in downloads/NAME.ipynb
python tools/grading.py grade 04_gan course                 each new submission in a copy of its own
python tools/grading.py report 04_gan course                write course/report_04_gan.csv
python tools/grading.py feedback 04_gan course returns      nbgrader's pages, named like what came
"""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from badges import place, repository
from disposable import Limits
from exercises import assignment, exercises, is_check, points_alone, relink
from intake import collect
from pages import SOLUTIONS, read, write

from tutorial_utils.files import AssetError

CONFIG = "nbgrader_config.py"


def assign(chapter: str, course: Path, only: Iterable[str], points: Iterable[str]) -> None:
    """Write the assignment of a chapter, and the course's settings, to a folder outside of the repository."""
    source = SOLUTIONS / f"{chapter}.ipynb"
    if not source.exists():
        raise ValueError(f"no {source.name} in {SOLUTIONS.name}")
    target = course / "source" / chapter / source.name
    if target.exists():
        raise ValueError(f"{target} exists. It may hold changes of yours: delete it, or take another folder")
    amounts = {}
    for text in points:
        if not re.fullmatch(r"\w+=\d+(\.\d+)?", text):
            raise ValueError(f"--points takes name=number, not {text!r}")
        name, _, number = text.partition("=")
        amounts[name] = float(number) if "." in number else int(number)
    notebook = points_alone(assignment(read(source), only=list(only), points=amounts))
    relink(notebook, f"https://github.com/{repository()}/blob/main/notebooks/")
    notebook.cells[0].source = place(notebook.cells[0].source, "")  # the badges open another page
    target.parent.mkdir(parents=True)
    write(target, notebook)
    if not (course / CONFIG).exists():
        shutil.copyfile(SOLUTIONS / CONFIG, course / CONFIG)
    total = sum(cell.metadata.nbgrader.points for cell in filter(is_check, notebook.cells))
    print(f"{target}: {len(exercises(notebook)) - 1} exercises, {total:g} points")


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = whole.add_subparsers(dest="command", required=True)
    made = {}
    for name in ("assign", "collect", "grade", "report", "feedback"):
        made[name] = commands.add_parser(name)
        made[name].add_argument("chapter", help="such as 04_gan")
        made[name].add_argument("course", type=Path, help="the course's folder")
    made["assign"].add_argument("--only", nargs="+", default=[], metavar="NAME", help="these exercises only")
    made["assign"].add_argument("--points", nargs="+", default=[], metavar="NAME=NUMBER", help="other points")
    made["collect"].add_argument("folder", type=Path, help="what came: NAME.ipynb, or a folder for each NAME")
    made["feedback"].add_argument("folder", type=Path, help="where the pages go")
    add = made["grade"].add_argument
    add("--again", nargs="+", default=[], metavar="NAME", help="grade these anew, changed or not")
    add("--isolate", action="store_true", help="inside bubblewrap, without network and files (Linux)")
    add("--seconds", type=float, default=Limits.seconds, help="for each submission, in all (%(default)s)")
    add("--memory-gb", type=float, default=Limits.memory_gb, help="for each submission (%(default)s)")
    add("--written-mb", type=float, default=Limits.written_mb, help="outputs and files (%(default)s)")
    return whole


def main() -> None:
    options = parser().parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")  # not every console has the letters of every name
    # nbgrader calls alembic by name, also where the environment is not activated
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    chapter, course = options.chapter, options.course
    fine = True
    try:
        if options.command == "assign":
            assign(chapter, course, options.only, options.points)
        elif options.command == "collect":
            fine = collect(chapter, course, options.folder)
        elif options.command == "grade":
            from autograding import grade  # needs nbgrader, as the rest does

            limits = Limits(options.seconds, options.memory_gb, options.written_mb)
            fine = grade(chapter, course, again=options.again, limits=limits, isolate=options.isolate)
        else:
            import results

            if options.command == "report":
                results.report(chapter, course)
            else:
                results.feedback(chapter, course, options.folder)
    except (ValueError, AssetError) as problem:
        sys.exit(str(problem))
    sys.exit(not fine)


if __name__ == "__main__":
    main()
