"""Grade each submission by nbgrader in a copy of the course of its own, and take back its result alone.

What students' code does to its copy, and whether it ends, is no other submission's business.
"""

import shutil
import sys
import tempfile
import warnings
from collections.abc import Collection
from pathlib import Path

import nbformat
from disposable import Limits, isolated, run
from exercises import role
from intake import Ledger, digest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades
from nbgrader.utils import rmtree
from pages import as_text
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from tutorial_utils.files import write_atomically

SOMEONE = "submission"  # the student's name in the copy, where no code may learn of others
ENDS = {
    "DeadKernelError": "its kernel died: the code ended its own process, or there was no memory left",
    "UnresponsiveKernelError": "a cell ran too long and could not be interrupted",
}


def settings(course: Path) -> CourseDirectory:
    """The course's folder as its own nbgrader_config.py describes it."""
    path = course / "nbgrader_config.py"
    config = PyFileConfigLoader(path.name, path=str(course)).load_config() if path.exists() else Config()
    return CourseDirectory(config=config, root=str(course.resolve()))


def database(course: Path) -> Path:
    url = settings(course).db_url
    if not url.startswith("sqlite:///"):
        raise ValueError(f"the gradebook must be an SQLite file, as nbgrader makes it, not {url!r}")
    return Path(url.removeprefix("sqlite:///"))


def gradebook(course: Path, chapter: str) -> Gradebook:
    """nbgrader's gradebook, which knows the assignment. Raises `ValueError` where it does not."""
    if database(course).exists():  # opening makes it
        directory = settings(course)
        book = Gradebook(directory.db_url, directory.course_id or "default_course")
        if chapter in [assignment.name for assignment in book.assignments]:
            return book
        book.close()
    raise ValueError(
        f"{chapter} is not released yet: run `nbgrader generate_assignment {chapter} --course-dir={course}`"
    )


def submissions_of(chapter: str, course: Path) -> dict[str, Path]:
    """The notebooks that wait for nbgrader, by student."""
    return {path.parts[-3]: path for path in course.glob(f"submitted/*/{chapter}/{chapter}.ipynb")}


def version_of(path: Path, course: Path) -> str:
    """A digest of what a score hangs on: the submission and the assignment's source."""
    return digest(path.read_bytes(), (course / "source" / path.stem / path.name).read_bytes())


def grade(
    chapter: str, course: Path, *, again: Collection[str] = (), limits: Limits, isolate: bool = False
) -> bool:
    """Grade what is new or changed, and those in `again`; print what came of each.

    Returns whether all ran. One that did not has no score, and is not run again until it changes.
    """
    gradebook(course, chapter).close()
    submitted = submissions_of(chapter, course)
    if unknown := sorted({*again} - {*submitted}):
        raise ValueError(f"no submission of {', '.join(unknown)}; there are {', '.join(sorted(submitted))}")
    if isolate:
        _prepare_isolation()
    ledger, outcomes = Ledger(course, chapter), []
    for student, path in sorted(submitted.items()):
        entry = ledger.students.setdefault(student, {"name": student})
        version = version_of(path, course)
        if entry.get("graded", {}).get("version") == version and student not in again:
            continue
        status, note = _grade_one(student, path, course, ledger, limits, isolate)
        entry["graded"] = {"version": version, "status": status, "note": note}
        ledger.save()
        outcomes.append(status)
        print(f"{student}: {status}{f', {note}' * bool(note)}")
    print(f"{chapter}: {len(outcomes)} of {len(submitted)} were run, {outcomes.count('failed')} failed")
    return "failed" not in outcomes


def _prepare_isolation() -> None:
    if not shutil.which("bwrap"):
        raise ValueError("--isolate needs bubblewrap (bwrap), which is for Linux; or grade in a container")
    from tutorial_utils.data import fashion_mnist  # brings PyTorch

    fashion_mnist("test")  # unpacks the data, where copies can only read


def _grade_one(
    student: str, path: Path, course: Path, ledger: Ledger, limits: Limits, isolate: bool
) -> tuple[str, str]:
    """Its status, "graded" or "failed", and a note."""
    chapter = path.stem
    place = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
    with place as name, warnings.catch_warnings():
        copy, log = Path(name).resolve() / "course", Path(name).resolve() / "log.txt"
        _fill(copy, path, course)
        command = [sys.executable, "-m", "nbgrader", "autograde", chapter, f"--CourseDirectory.root={copy}"]
        command.append(f"--CourseDirectory.db_url=sqlite:///{copy / 'gradebook.db'}")
        problem = run(isolated(command, copy, course) if isolate else command, copy, log, limits)
        told = log.read_bytes()[-100_000:]
        write_atomically(ledger.folder / student / "log.txt", told)
        if problem:
            return "failed", next((words for name, words in ENDS.items() if name.encode() in told), problem)
        try:
            warnings.simplefilter("ignore", SAWarning)  # nbgrader's own use of its database
            executed = nbformat.read(copy / "autograded" / SOMEONE / chapter / path.name, as_version=4)
            _take_back(executed, student, path, course)
        except Exception as reason:  # whatever a submission did to its copy, the others go on
            return "failed", f"its result can't be read ({type(reason).__name__}: {reason})"
    slow = [cell for cell in executed.cells if _timed_out(cell)]
    return "graded", f"{len(slow)} cells ran too long, and were stopped" * bool(slow)


def _fill(copy: Path, path: Path, course: Path) -> None:
    """Make `copy` a course of this one submission: its gradebook knows the assignment and no student."""
    chapter = path.stem
    source, config = course / "source" / chapter, course / "nbgrader_config.py"
    solutions = shutil.ignore_patterns("*.ipynb", ".ipynb_checkpoints")
    shutil.copytree(source, copy / "source" / chapter, ignore=solutions)
    shutil.copytree(path.parent, copy / "submitted" / SOMEONE / chapter)
    if config.exists():
        shutil.copyfile(config, copy / config.name)
    shutil.copyfile(database(course), copy / "gradebook.db")
    with Gradebook(f"sqlite:///{copy / 'gradebook.db'}") as book:
        for student in book.students:
            book.remove_student(student.id)


def _take_back(executed: nbformat.NotebookNode, student: str, path: Path, course: Path) -> None:
    """Enter the scores of an executed notebook, as nbgrader does after its run, and store it for feedback."""
    chapter, directory, stamp = path.stem, settings(course), path.with_name("timestamp.txt")
    time = stamp.read_text("utf-8").strip() if stamp.exists() else None
    with gradebook(course, chapter) as book:
        expected = {cell.name for cell in book.find_notebook(chapter, chapter).grade_cells}
        found = {cell.metadata.nbgrader.grade_id for cell in executed.cells if role(cell, "grade")}
        if expected != found:
            raise ValueError(f"checks are missing: {', '.join(sorted(expected - found))}")
        book.update_or_create_student(student)
        book.update_or_create_submission(chapter, student, **({"timestamp": time} if time else {}))
    names = {"student": student, "assignment": chapter, "notebook": chapter, "db_url": directory.db_url}
    for step in (SaveAutoGrades, AssignLatePenalties):
        step(config=directory.config).preprocess(executed, {"nbgrader": names})
    target = course / "autograded" / student / chapter
    if target.exists():
        rmtree(target)
    write_atomically(target / path.name, as_text(executed).encode())
    if stamp.exists():
        shutil.copyfile(stamp, target / stamp.name)


def _timed_out(cell: nbformat.NotebookNode) -> bool:
    return any(output.get("ename") == "CellTimeoutError" for output in cell.get("outputs", []))
