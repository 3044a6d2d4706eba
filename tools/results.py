"""Tell what became of each submission: graded, failed, refused or not handed in. None of these is a 0."""

import csv
import io
import shutil
from collections import Counter
from pathlib import Path

from autograding import gradebook, submissions_of, version_of
from intake import Ledger
from nbgrader.api import Gradebook
from submissions import Refused, safe_name

from tutorial_utils.files import write_atomically

COLUMNS = ("student", "file", "status", "score", "max_score", "submitted", "due", "note")


def report(chapter: str, course: Path) -> None:
    """Write course/report_CHAPTER.csv, a line for each student, and print what is to be done.

    Only who is graded has a score. Students whom the gradebook knows are listed with or without a file.
    """
    ledger = Ledger(course, chapter)
    with gradebook(course, chapter) as book:
        rows = _rows(chapter, course, ledger, book)
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, restval="")
    table.writeheader()
    table.writerows({key: _no_formula(value) for key, value in row.items()} for row in rows)
    target = course / f"report_{chapter}.csv"
    write_atomically(target, text.getvalue().encode("utf-8", "backslashreplace"))
    counts = Counter(row["status"] for row in rows)
    print(f"{target}: " + ", ".join(f"{number} {status}" for status, number in counts.items()))
    _print_what_to_do(chapter, course, rows)


def _rows(chapter: str, course: Path, ledger: Ledger, book: Gradebook) -> list[dict]:
    assignment, submitted = book.find_assignment(chapter), submissions_of(chapter, course)
    refused = {_folder(entry["name"]): entry for entry in ledger.refused}
    due = f"{assignment.duedate} UTC" if assignment.duedate else ""
    rows = []
    for student in sorted({student.id for student in book.students} | {*submitted} | {*refused}):
        entry, turned_down = ledger.students.get(student, {}), refused.get(student)
        row = {"student": student, "max_score": assignment.max_score, "due": due}
        if student in submitted:
            row |= _row(student, submitted[student], course, entry, book)
        else:
            row |= {"status": "refused" if turned_down else "not handed in", "note": ""}
        if turned_down:
            row.setdefault("file", turned_down["file"])
            later = f"{turned_down['file']} was refused: {turned_down['reason']}"
            row["note"] = "; ".join(filter(None, [row["note"], later]))
        rows.append(row)
    return rows


def _row(student: str, path: Path, course: Path, entry: dict, book: Gradebook) -> dict:
    """What is to be said of one submission that was accepted."""
    notes, graded = list(entry.get("notes", [])), entry.get("graded", {})
    row = {"file": entry.get("file", ""), "submitted": entry.get("time", ""), "status": "not graded yet"}
    if graded.get("version") == version_of(path, course):
        row["status"] = graded["status"]
        notes.append(graded["note"])
    if row["status"] == "graded":
        submission = book.find_submission(path.stem, student)
        row["score"] = max(0.0, submission.score - (submission.late_submission_penalty or 0.0))
        notes.append("late" if submission.total_seconds_late else "")
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        waiting = any(grade.needs_manual_grade and grade.max_score for grade in grades)
        notes.append("not complete: some cells are to be marked by hand" if waiting else "")
    return row | {"note": "; ".join(filter(None, notes))}


def _folder(name: str) -> str:
    try:
        return safe_name(name)
    except Refused:
        return name


def _no_formula(value: object) -> str:
    """A spreadsheet computes what begins with these."""
    text = str(value)
    return f"'{text}" if text[:1] in tuple("=+-@") else text


def _print_what_to_do(chapter: str, course: Path, rows: list[dict]) -> None:
    command = f"python tools/grading.py grade {chapter} {course}"
    for row in rows:
        if row["status"] in ("failed", "refused"):
            print(f"  {row['student']} {row['status']}: {row['note']}")
    if any(row["status"] == "not graded yet" for row in rows):
        print(f"Still to run: {command}")
    failed = [f'"{row["student"]}"' for row in rows if row["status"] == "failed"]
    if failed:
        print(f"Read received/{chapter}/NAME/log.txt of what failed. To run it again: ", end="")
        print(f"{command} --again {' '.join(failed)}")


def feedback(chapter: str, course: Path, folder: Path) -> None:
    """Copy each page of nbgrader's feedback to `folder`, by the place and name of what came."""
    missing, count = [], 0
    for student, entry in Ledger(course, chapter).students.items():
        if entry.get("graded", {}).get("status") != "graded":
            continue
        page = course / "feedback" / student / chapter / f"{chapter}.html"
        result = course / "autograded" / student / chapter / f"{chapter}.ipynb"
        if not page.exists() or page.stat().st_mtime < result.stat().st_mtime:
            missing.append(student)
            continue
        target = folder / Path(entry.get("file", f"{student}.ipynb")).with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, target)
        count += 1
    print(f"{count} pages in {folder}")
    if missing:
        raise ValueError(
            f"no page of the latest result of {', '.join(missing)}: run "
            f"`nbgrader generate_feedback {chapter} --force --course-dir={course}`"
        )
