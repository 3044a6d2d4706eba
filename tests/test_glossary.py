"""Claims: the glossary is in order, each term is linked where it is first used, and no link is dead."""

import re

import pytest
from pages import CHAPTERS, ROOT, cells_of, read

GLOSSARY = (ROOT / "notebooks" / "glossary.md").read_text("utf-8")
SYMBOLS, TERMS = GLOSSARY.split("\n## Terms\n")
ENTRIES = dict(re.findall(r"^### (.+)\n\n(.+)$", TERMS, flags=re.M))
GREEK = "[Aa]lpha|[Bb]eta|[Gg]amma|[Dd]elta|epsilon|eta|[Ll]ambda|mu|pi|[Ss]igma|tau|[Pp]hi|[Tt]heta|xi"
LINK = re.compile(r"\[([^\[\]]+)\]\(glossary\.md#([\w-]+)\)")


def prose() -> list[tuple[str, str, str]]:
    """(chapter's file, cell's id, source) of every Markdown cell, in the order of the course."""
    return [
        (path.name, cell.id, cell.source) for path in CHAPTERS for cell in cells_of(read(path), "markdown")
    ]


def anchor(term: str) -> str:
    return term.replace(" ", "-")


def chapters_named(entry: str) -> list[tuple[str, str]]:
    """(number, file) of each chapter that an entry links to."""
    return re.findall(r"\[Chapter (\d+)\]\((\d\d_\w+\.ipynb)\)", entry)


def test_chapters_of_two_digits_are_found():
    entry = "Drawn in another hand. [Chapter 3](03_cnn.ipynb), [Chapter 10](10_style.ipynb)"
    assert chapters_named(entry) == [("3", "03_cnn.ipynb"), ("10", "10_style.ipynb")]


def test_terms_are_in_order_and_their_anchors_work_everywhere():
    assert len(ENTRIES) == TERMS.count("\n### ") > 100
    assert list(ENTRIES) == sorted(set(ENTRIES))
    for term in ENTRIES:  # GitHub makes anchors lower-case and JupyterLab doesn't: so they are
        assert re.fullmatch(r"[a-z0-9]+([ -][a-z0-9]+)*", term), term


def test_each_entry_says_what_it_is_and_leads_to_its_chapter():
    files = {path.name for path in CHAPTERS}
    anchors = {anchor(term) for term in ENTRIES}
    for term, text in ENTRIES.items():
        chapters = chapters_named(text)
        assert chapters, term
        assert all(int(name[:2]) == int(number) and name in files for number, name in chapters), term
        assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= anchors - {anchor(term)}, term
        assert len(text.split()) > 8, f"{term} is hardly explained"


def test_each_term_is_linked_once_and_no_link_is_dead():
    linked = [(name, target) for name, _, source in prose() for _, target in LINK.findall(source)]
    assert [name for name, target in linked if target == "symbols"] == [path.name for path in CHAPTERS]
    linked = [(name, target) for name, target in linked if target != "symbols"]
    targets = [target for _, target in linked]
    assert sorted(targets) == sorted(anchor(term) for term in ENTRIES)
    for name, target in linked:
        entry = next(text for term, text in ENTRIES.items() if anchor(term) == target)
        first, _ = chapters_named(entry)[0]
        assert int(name[:2]) <= int(first), f"{target}: linked in {name}, introduced in chapter {first}"


# Words that stand earlier in another sense: an everyday "judge", a rate of learning, a longer term.
HOMONYMS = {
    "autoencoder", "ball", "bias-of-an-estimate", "code", "cross-entropy", "density", "disease",
    "feature-map", "floor", "importance-weight", "judge", "kernel", "kernel-function", "mode-covering",
    "precision", "rate", "ring", "sharpness",
}  # fmt: skip


def plain(source: str) -> str:
    """Running prose: no headings, tables, code, formulas, pictures, or lines about exercises."""
    source = re.sub(r"```.*?```|\$\$.*?\$\$|\$[^$\n]+\$|!\[[^\]]*\]\([^)]*\)", " ", source, flags=re.S)
    source = re.sub(r"^(#|\||\*Ready for).*$", " ", source, flags=re.M)
    return re.sub(r"`[^`\n]+`(?! mode)", " ", source)


def test_each_term_is_linked_where_it_is_first_used():
    before = ""
    for path in CHAPTERS:
        cells = cells_of(read(path), "markdown")
        closing = next(i for i, cell in enumerate(cells) if cell.source.startswith("## What you built"))
        for cell in cells[1:closing]:  # between the opening and the closing sections
            text = plain(cell.source)
            for link in LINK.finditer(text):
                words, target = link[1].strip("*"), link[2]
                earlier = before + LINK.sub(r"\1", text[: link.start()])
                used = re.search(rf"(?<![\w-]){re.escape(words)}s?(?![\w-])", earlier, flags=re.IGNORECASE)
                near = used and earlier[max(used.start() - 60, 0) : used.end() + 20]
                assert not used or target in HOMONYMS, (
                    f"{target}, linked in {path.stem}: {near!r} comes first"
                )
            before += LINK.sub(r"\1", text) + "\n"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_letter_of_a_numbered_equation_is_in_the_table(path):
    letter = re.compile(rf"\\(?:{GREEK})(?![a-z])|(?<![\\a-zA-Z])[a-zA-Z](?![a-zA-Z])")
    column = " ".join(re.findall(r"^\|([^|]+)\|", SYMBOLS, flags=re.M))
    known = {found for formula in re.findall(r"\$([^$]+)\$", column) for found in letter.findall(formula)}
    for name, cell, source in prose():
        if name == path.name:
            for equation in re.findall(r"\$\$(.*?\\tag\{\d+\}.*?)\$\$", source, flags=re.S):
                words = r"\\(?:text|operatorname|mathrm|tag|begin|end)\*?\{[^{}]*\}"
                missing = set(letter.findall(re.sub(words, " ", equation))) - known
                assert not missing, f"{cell}: {missing} not in the glossary's table of symbols"
