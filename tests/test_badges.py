"""Claims: every page's badges open that page, all addresses come from pyproject.toml, and can be moved."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from badges import SERVICES, badges, place, repository
from pages import CHAPTERS, EXERCISES, ROOT, code_digest, files_of, read

PAGES = [path.relative_to(ROOT).as_posix() for path in [*CHAPTERS, *EXERCISES]]
NAME = re.escape(repository().split("/")[1])
ADDRESSES = re.compile(
    r"(?:mybinder\.org/v2/gh/|colab\.research\.google\.com/github/|codespaces\.new/"
    r"|git clone (?:-\S+ (?:\d+ )?)*https://github\.com/|git-pull\?repo=https%3A%2F%2Fgithub\.com%2F)"
    r"([\w.-]+(?:/|%2F)[\w.-]+?)(?:\.git)?(?=[/\s&?)\"\\]|$)"
    rf"|(?:github\.com|githubusercontent\.com|nbviewer\.org/github)/([\w.-]+/{NAME})\b"
)


def text_files(checkout: Path) -> list[Path]:
    """The course's files that may hold an address, but for this one, whose addresses are made up."""
    suffixes = (".cff", ".ipynb", ".json", ".md", ".py", ".toml", ".yml", ".svg")
    return [p for p in files_of(checkout) if p.suffix in suffixes and p.name != Path(__file__).name]


@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_itself(page):
    opening = read(ROOT / page).cells[0].source
    line = badges(page, shown_in=page)
    assert opening.split("\n\n")[1] + "\n\n" == line, "run `make badges`"
    assert line.count(f"{page})") == len(re.findall(r"\[!\[", line)) == 2
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", line):
        assert (ROOT / page).parent.joinpath(picture).exists(), picture


def test_readme_opens_the_first_chapter():
    page = "notebooks/01_concepts.ipynb"
    readme = (ROOT / "README.md").read_text("utf-8")
    assert badges(page, shown_in="README.md", services=tuple(SERVICES)) in readme


def test_no_address_strays(checkout):
    found = {
        (path.relative_to(ROOT).as_posix(), (match[1] or match[2]).replace("%2F", "/"))
        for path in text_files(checkout)
        for match in ADDRESSES.finditer(path.read_text("utf-8"))
    }
    assert {name for name, _ in found} >= {"README.md", "solutions/README.md", *PAGES}
    assert {address for _, address in found} == {repository()}, "run `make badges`"
    for name in ("README.md", "CITATION.cff", "pyproject.toml"):
        assert f"https://github.com/{repository()}" in (ROOT / name).read_text("utf-8")


def test_placing_badges_replaces_those_there():
    opening = "# A title\n\nText with [![Open inside](a)](b) a line.\n"
    once = place(opening, "[![Open this page](x)](y)\n\n")
    assert once == "# A title\n\n[![Open this page](x)](y)\n\nText with [![Open inside](a)](b) a line.\n"
    assert place(once, "[![Open this page](p)](q)\n[![Open too](r)](s)\n\n").count("[![Open") == 3
    assert place(once, "") == opening


@pytest.fixture
def copy(tmp_path, checkout) -> Path:
    """The repository's text files, in a git checkout of their own."""
    for path in text_files(checkout):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def move(copy: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(copy / "tools" / "badges.py"), *arguments]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True)


def test_the_course_can_move(copy):
    """Nothing keeps the old address, nothing but addresses changes, and no page has to run again."""
    old, new = repository(), "somebody-else/another.course"
    result = move(copy, new)
    assert result.returncode == 0, result.stderr
    mention = re.compile(rf"{re.escape(old)}(?![\w-])|{re.escape(old.replace('/', '%2F'))}")
    for path in text_files(copy):
        before, after = (ROOT / path.relative_to(copy)).read_text("utf-8"), path.read_text("utf-8")
        assert not mention.search(after), path
        if path.suffix == ".ipynb":
            json.loads(after)
            assert code_digest(nbformat.reads(after, 4)) == code_digest(nbformat.reads(before, 4))
    readme = (copy / "README.md").read_text("utf-8")
    assert f"git clone https://github.com/{new}\ncd another.course\n" in readme
    assert f"mybinder.org/v2/gh/{new}/main" in readme
    assert "lab%2Ftree%2Fanother.course%2F" in (copy / "solutions" / "README.md").read_text("utf-8")
    assert move(copy, old).returncode == 0
    for path in text_files(copy):
        assert path.read_text("utf-8") == (ROOT / path.relative_to(copy)).read_text("utf-8"), path


@pytest.mark.parametrize("address", ["course", "https://github.com/a/b", "a/b/c", "a b/c"])
def test_another_form_of_address_is_refused(copy, address):
    result = move(copy, address)
    assert result.returncode
    assert f"REPO must be owner/name, as on GitHub, not {address!r}" in result.stderr
    assert (copy / "pyproject.toml").read_text("utf-8") == (ROOT / "pyproject.toml").read_text("utf-8")
