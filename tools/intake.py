"""Take in what students handed in: each file is read, mended or refused, and nothing that came is lost.

course/submitted/NAME/CHAPTER/          the latest, mended, where nbgrader looks for it
course/received/CHAPTER/NAME/           every version as it came: 1.ipynb, 2.ipynb, ...
course/received/CHAPTER/ledger.json     who handed in which file; what was mended, refused, graded
"""

import hashlib
import json
import re
import unicodedata
from datetime import datetime, timezone
from pathlib import Path

from pages import as_text, read
from submissions import Refused, mend, parse, safe_name

from tutorial_utils.files import write_atomically

MOODLE = re.compile(r"(?P<name>.+)_\d+_assignsubmission_(?P<kind>file|onlinetext)(_.*)?")
MAX_MB = 100  # of a file
SYSTEM = {"desktop.ini", "thumbs.db"}  # what Windows leaves in folders; macOS's files begin with a dot


def digest(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()


class Ledger:
    """What is known of one chapter's submissions; `students` by the names of their folders."""

    def __init__(self, course: Path, chapter: str) -> None:
        self.folder = course / "received" / chapter
        self.path = self.folder / "ledger.json"
        known = json.loads(self.path.read_text("utf-8")) if self.path.exists() else {}
        self.students: dict[str, dict] = known.get("students", {})
        self.refused: list[dict] = known.get("refused", [])

    def save(self) -> None:
        content = {"students": self.students, "refused": self.refused}
        write_atomically(self.path, json.dumps(content, indent=1).encode())


def name_in(path: Path) -> str:
    """The student's name in that of a file or folder, which may have Moodle's ending."""
    stem = path.name[: -len(".ipynb")] if path.name.lower().endswith(".ipynb") else path.name
    found = MOODLE.fullmatch(stem)
    return unicodedata.normalize("NFC", found["name"] if found else stem)


def handed_in(downloads: Path) -> list[tuple[Path, str]]:
    """Files and folders of `downloads`, and what is wrong with each ("": it is a notebook).

    Raises `ValueError` where there is nothing.
    """
    found = [_looked_at(path) for path in sorted(downloads.iterdir())] if downloads.is_dir() else []
    if not any(found):
        raise ValueError(f"no notebooks in {downloads}")
    return [file for file in found if file]


def _looked_at(path: Path) -> tuple[Path, str] | None:
    """A notebook, or what is wrong; None for what a system or Moodle puts beside what students handed in."""
    notebook = path.name.lower().endswith(".ipynb") and not path.name.startswith("._")
    moodle = MOODLE.fullmatch(path.name)
    if path.is_file() and notebook:
        return path, ""
    if (
        path.name.startswith(".")
        or path.name.lower() in SYSTEM
        or (moodle and moodle["kind"] == "onlinetext")
    ):
        return None
    if path.is_file():
        return path, "it is no .ipynb: unpack it, rename it, or delete it"
    inside = sorted(file for file in path.rglob("*.ipynb") if not _hidden(file, path))
    if len(inside) == 1:
        return inside[0], ""
    many = f"it holds {len(inside)} notebooks, and one counts: leave that one"
    return path, many if inside else "it holds no .ipynb"


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def released(chapter: str, course: Path) -> Path:
    """The assignment as students got it, or where it was not released as it was made."""
    for folder in ("release", "source"):
        path = course / folder / chapter / f"{chapter}.ipynb"
        if path.exists():
            return path
    raise ValueError(f"no {chapter} in {course / 'source'}: make the assignment first (assign)")


def collect(chapter: str, course: Path, downloads: Path) -> bool:
    """Take in each submission of a folder, and print what was done. Returns whether all were accepted.

    A file is NAME.ipynb, or the one notebook in a folder NAME; NAME may have Moodle's ending.
    """
    original, found = released(chapter, course), handed_in(downloads)
    ledger, here = Ledger(course, chapter), str(downloads.resolve())
    ledger.refused = [entry for entry in ledger.refused if entry["folder"] != here]
    names = {path: name_in(downloads / path.relative_to(downloads).parts[0]) for path, _ in found}
    counts = dict.fromkeys(("new", "changed", "unchanged", "refused"), 0)
    for path, problem in found:
        file, name = path.relative_to(downloads).as_posix(), names[path]
        try:
            student = _student(name, problem, [*names.values()], ledger)
            outcome, notes = _take_in(path, student, course, ledger, original)
            ledger.students[student] |= {"file": file, "name": name}
            ledger.refused = [entry for entry in ledger.refused if entry["name"] != name]
            notes = [f"stored as {student}"] * (student != name) + notes
        except (Refused, OSError) as reason:
            outcome, notes = "refused", [str(reason)]
            ledger.refused.append({"folder": here, "file": file, "name": name, "reason": str(reason)})
        ledger.save()
        counts[outcome] += 1
        if outcome != "unchanged":
            print(f"{file}: {'; '.join([outcome, *notes])}")
    print(f"{chapter}: " + ", ".join(f"{number} {word}" for word, number in counts.items()))
    return not counts["refused"]


def _student(name: str, problem: str, names: list[str], ledger: Ledger) -> str:
    """The name of the student's folder. Raises `Refused` where it is another's, too, or for `problem`."""
    if problem:
        raise Refused(problem)
    student = safe_name(name)
    rivals = [other for other in names if _same_folder(other, student)]
    if len(rivals) > 1:
        raise Refused(f"{', '.join(rivals)} would all be stored as {student}: rename all but one")
    for known, entry in ledger.students.items():
        if _same_folder(known, student) and entry["name"] != name:
            raise Refused(f"{known} belongs to {entry['name']} from an earlier collection: rename the file")
    return student


def _same_folder(name: str, student: str) -> bool:
    """Whether some file systems put both in one place: those of macOS and Windows don't tell case."""
    try:
        return safe_name(name).casefold() == student.casefold()
    except Refused:
        return False


def _take_in(path: Path, student: str, course: Path, ledger: Ledger, original: Path) -> tuple[str, list[str]]:
    """Store one file. Returns "new", "changed" or "unchanged", and what was mended. Raises `Refused`."""
    if path.stat().st_size > 1e6 * MAX_MB:
        raise Refused(f"it has {path.stat().st_size / 1e6:.0f} MB, {MAX_MB} are the limit: clear its outputs")
    content, entry = path.read_bytes(), ledger.students.get(student, {})
    target = course / "submitted" / student / original.parent.name / original.name
    origin = {"received": digest(content), "released": digest(original.read_bytes())}
    if target.exists() and origin.items() <= entry.items():
        return "unchanged", []
    notebook = parse(content)
    notes = mend(notebook, read(original))
    text = as_text(notebook).encode()
    if target.exists() and digest(target.read_bytes()) != entry.get("written"):
        _keep(ledger.folder / student, target.read_bytes())  # an instructor has edited it
    _keep(ledger.folder / student, content)
    write_atomically(target, text)
    time = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    if entry.get("received") == origin["received"]:  # the same file; the assignment was released again
        time = entry["time"]
    write_atomically(target.with_name("timestamp.txt"), time.encode())
    ledger.students[student] = {**entry, **origin, "written": digest(text), "time": time, "notes": notes}
    return "changed" if entry else "new", notes


def _keep(folder: Path, content: bytes) -> None:
    """Keep a version beside the earlier ones, unless it is there."""
    versions = list(folder.glob("*.ipynb"))
    if all(version.read_bytes() != content for version in versions):
        write_atomically(folder / f"{len(versions) + 1}.ipynb", content)
