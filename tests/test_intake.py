"""Claims: collecting takes, mends or refuses each file, says what it did, and loses nothing that came."""

import io
import json
import os
import re

import exercises as tool
import grading
import nbformat
import pytest
from handed_in import CHAPTER, by_name, copies, release, solved
from intake import Ledger, collect


@pytest.fixture
def released(tmp_path):
    return release(tmp_path / "course")


@pytest.fixture
def course(tmp_path, released):
    return tmp_path / "course"


@pytest.fixture
def downloads(tmp_path):
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads"


def stored(course, student="ada"):
    return nbformat.read(course / "submitted" / student / CHAPTER / f"{CHAPTER}.ipynb", as_version=4)


def no_metadata(notebook, cells):
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def lost_answer(notebook, cells):
    cells["mse"]["metadata"] = {}


def broken_text(notebook, cells):
    cells["mse"]["source"] += "# \ud800"


def another_chapter(released):
    return (tool.STUDENTS / "04_gan.ipynb").read_bytes()


REFUSED = [
    (lambda released: b"  \n", "it is empty"),
    (
        lambda released: b"\xef\xbb\xbf<!DOCTYPE html><title>Log in</title>",
        "web page, perhaps that of a log-in",
    ),
    (lambda released: b"PK\x03\x04", "zip archive"),
    (lambda released: b'{"cells": [', "not JSON"),
    (lambda released: b"[" * 100_000, "not JSON"),
    (lambda released: b'{"name": "ada"}', "no notebook of format 4"),
    (lambda released: b"[1, 2]", "no notebook of format 4"),
    (lambda released: b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "damaged notebook"),
    (lambda released: b'{"nbformat": 4, "cells": [7]}', "damaged notebook"),
    (lambda released: json.dumps(solved(released, broken_text)).encode(), "damaged notebook"),
    (
        lambda released: json.dumps(solved(released, no_metadata)).encode(),
        "service that exported it dropped them",
    ),
    (
        lambda released: json.dumps(solved(released, lost_answer)).encode(),
        "lacks the cells of the answers mse:",
    ),
    (another_chapter, "it holds exercises of 04_gan"),
]


@pytest.mark.parametrize(("content", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_is_no_submission_is_refused_and_stops_no_other(
    course, released, downloads, capsys, content, reason
):
    (downloads / "ada.ipynb").write_bytes(content(released))
    (downloads / "zoe.ipynb").write_text(json.dumps(solved(released)))
    assert not collect(CHAPTER, course, downloads)
    lines = capsys.readouterr().out.splitlines()
    assert re.search(f"^ada.ipynb: refused; .*{reason}", lines[0])
    assert lines[-1] == "02_losses: 1 new, 0 changed, 0 unchanged, 1 refused"
    assert [path.name for path in (course / "submitted").iterdir()] == ["zoe"]
    (downloads / "ada.ipynb").write_text(json.dumps(solved(released)))
    assert collect(CHAPTER, course, downloads)
    assert Ledger(course, CHAPTER).refused == []


def test_a_later_version_replaces_and_every_version_stays(course, released, downloads, capsys):
    file, folder = downloads / "ada.ipynb", course / "received" / CHAPTER / "ada"
    target = course / "submitted" / "ada" / CHAPTER
    versions = [json.dumps(solved(released)), json.dumps(solved(released, copies))]
    for text, seconds in zip(versions, (1e9, 1.1e9), strict=True):
        file.write_text(text)
        os.utime(file, (seconds, seconds))
        assert collect(CHAPTER, course, downloads)
        assert collect(CHAPTER, course, downloads)
        assert "1 unchanged" in capsys.readouterr().out.splitlines()[-1]
    assert [(folder / f"{number}.ipynb").read_text() for number in (1, 2)] == versions
    assert (target / "timestamp.txt").read_text() == "2004-11-09 11:33:20 UTC"
    edited = (target / f"{CHAPTER}.ipynb").read_text("utf-8").replace("square()", "pow(2)")
    (target / f"{CHAPTER}.ipynb").write_text(edited, "utf-8")  # an instructor mends by hand
    assert collect(CHAPTER, course, downloads)
    assert (target / f"{CHAPTER}.ipynb").read_text("utf-8") == edited
    file.write_text("<html>")
    assert not collect(CHAPTER, course, downloads)
    assert (target / f"{CHAPTER}.ipynb").read_text("utf-8") == edited
    file.write_text(versions[0])
    assert collect(CHAPTER, course, downloads)
    assert (folder / "3.ipynb").read_text("utf-8") == edited
    assert "square()" in by_name(stored(course))["mse"].source


def test_names_that_become_one_are_refused(course, released, downloads, capsys):
    text = json.dumps(solved(released))
    for name in ("smith[2]", "smith_2_", "Ada", "zoe"):
        (downloads / f"{name}.ipynb").write_text(text)
    folder = downloads / "ada"
    folder.mkdir()
    (folder / "x.ipynb").write_text(text)
    assert not collect(CHAPTER, course, downloads)
    output = capsys.readouterr().out
    assert "smith[2], smith_2_ would all be stored as smith_2_" in output
    assert "Ada, ada would all be stored as Ada" in output
    assert [path.name for path in (course / "submitted").iterdir()] == ["zoe"]
    (downloads / "zoe.ipynb").rename(downloads / "ZOE.ipynb")
    assert not collect(CHAPTER, course, downloads)
    assert "zoe belongs to zoe from an earlier collection" in capsys.readouterr().out


def test_folders_are_understood_and_stray_files_named(course, released, downloads, capsys):
    text = json.dumps(solved(released))
    for file in (
        "Ada Lovelace_12_assignsubmission_file_/My answers.ipynb",
        "Ada Lovelace_12_assignsubmission_onlinetext_/onlinetext.html",
        "Ben_13_assignsubmission_file_02 (1).ipynb",
        "cleo/.ipynb_checkpoints/x-checkpoint.ipynb",
        "cleo/02_losses.IPYNB.ipynb",
        "dan/one.ipynb",
        "dan/two.ipynb",
        "eve/answers.pdf",
        "all.zip",
        ".DS_Store",
        "._ada.ipynb",
    ):
        (downloads / file).parent.mkdir(parents=True, exist_ok=True)
        (downloads / file).write_text(text)
    assert not collect(CHAPTER, course, downloads)
    assert sorted(path.name for path in (course / "submitted").iterdir()) == ["Ada Lovelace", "Ben", "cleo"]
    output = capsys.readouterr().out
    assert "dan: refused; it holds 2 notebooks" in output
    assert "eve: refused; it holds no .ipynb" in output
    assert "all.zip: refused; it is no .ipynb" in output
    assert output.endswith("3 new, 0 changed, 0 unchanged, 3 refused\n")


def test_nothing_to_collect_is_an_error(course, released, downloads, tmp_path):
    with pytest.raises(ValueError, match="no notebooks in"):
        collect(CHAPTER, course, downloads)
    with pytest.raises(ValueError, match=r"no 04_gan in .*make the assignment first"):
        collect("04_gan", course, downloads)


def test_names_may_have_letters_that_the_console_lacks(course, released, downloads, monkeypatch):
    (downloads / "王芳.ipynb").write_text(json.dumps(solved(released)))
    console = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(console, "cp1252", write_through=True))
    monkeypatch.setattr("sys.argv", ["grading.py", "collect", CHAPTER, str(course), str(downloads)])
    with pytest.raises(SystemExit) as end:
        grading.main()
    assert not end.value.code
    assert console.getvalue().startswith(rb"\u738b\u82b3.ipynb: new")
    assert [path.name for path in (course / "submitted").iterdir()] == ["王芳"]
