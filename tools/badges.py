"""Write the badges of every page from the repository's address in pyproject.toml, or move to another address.

python tools/badges.py               what `make badges` does, as for a new chapter
python tools/badges.py owner/name    the course has moved there: `make badges REPO=owner/name`
"""

import re
import subprocess
import sys

from pages import CHAPTERS, ROOT, SOLUTIONS, files_of, read, write

from tutorial_utils.files import write_atomically

ADDRESS = re.compile(r'^Repository = "https://github\.com/([\w.-]+/[\w.-]+)"$', flags=re.M)
SERVICES = {
    "on Binder": "https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/{page}",
    "in Colab": "https://colab.research.google.com/github/{repository}/blob/main/{page}",
    "in Codespaces": "https://codespaces.new/{repository}",
}
LINE = re.compile(r"^(\[!\[Open .+\n)+\n", flags=re.M)


def repository() -> str:
    """The course's owner/name on GitHub."""
    return ADDRESS.search((ROOT / "pyproject.toml").read_text("utf-8"))[1]


def badges(page: str, *, shown_in: str, services: tuple[str, ...] = ("on Binder", "in Colab")) -> str:
    """Badges that open `page` (its path in the repository), for the top of the file `shown_in`."""
    up = "../" * shown_in.count("/")
    lines = []
    for service in services:
        picture = f"{up}assets/badges/{service.split()[1].lower()}.svg"
        address = SERVICES[service].format(repository=repository(), page=page)
        what = "this page" if page == shown_in else "chapter 1" if page in address else "the course"
        lines.append(f"[![Open {what} {service}]({picture})]({address})\n")
    return "".join(lines) + "\n"


def place(source: str, line: str) -> str:
    """`source`, a page's opening, with `line` under its title in the place of the badges there ("": none)."""
    title, rest = LINE.sub("", source).split("\n\n", 1)
    return f"{title}\n\n{line}{rest}"


def rename(old: str, new: str) -> None:
    """Write another owner/name wherever the old one stands in the repository's text files."""
    try:
        files = files_of(ROOT)
    except (OSError, subprocess.CalledProcessError):
        sys.exit(f"{ROOT} must be a git checkout, so that only files of the course are changed")
    (_, old_name), (_, new_name) = old.split("/"), new.split("/")
    changes = {
        old: new,
        old.replace("/", "%2F"): new.replace("/", "%2F"),
        f"cd {old_name}\n": f"cd {new_name}\n",  # the folder that a clone makes
        f"tree%2F{old_name}%2F": f"tree%2F{new_name}%2F",
    }
    for path in files:
        content = path.read_bytes()
        changed = content
        for before, after in changes.items():
            changed = changed.replace(before.encode(), after.encode())
        if changed != content:
            write_atomically(path, changed)
            print(path.relative_to(ROOT))


def main() -> None:
    if len(sys.argv) > 1:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", sys.argv[1]):
            sys.exit(f"REPO must be owner/name, as on GitHub, not {sys.argv[1]!r}")
        rename(repository(), sys.argv[1])
    readme = ROOT / "README.md"
    text = place(
        readme.read_text("utf-8"),
        badges("notebooks/01_concepts.ipynb", shown_in="README.md", services=tuple(SERVICES)),
    )
    write_atomically(readme, text.encode())
    for path in [*CHAPTERS, *sorted(SOLUTIONS.glob("*.ipynb"))]:
        notebook = read(path)
        page = path.relative_to(ROOT).as_posix()
        before = notebook.cells[0].source
        notebook.cells[0].source = place(before, badges(page, shown_in=page))
        if notebook.cells[0].source != before:
            write(path, notebook)
            print(page)


if __name__ == "__main__":
    main()
