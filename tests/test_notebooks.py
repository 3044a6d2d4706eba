"""What CONTRIBUTING.md asks of every page, present and future. nbval runs the pages; this reads them."""

import ast
import base64
import io
import re
from pathlib import Path
from statistics import median

import nbformat
import pytest
from budgets import MAX_MINUTES_ALL, MAX_MINUTES_MEAN, recorded, recorded_over_budget
from measuring import Figures, busy
from notebook_runner import LONG_SECONDS
from pages import CHAPTERS, EXERCISES, ROOT, cells_of, code_digest, pictures, read, tags, timed_record, words
from PIL import Image

MB = 1_000_000
README = (ROOT / "README.md").read_text("utf-8")


def outputs_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in cells_of(notebook, "code") for output in cell.outputs]


def code_lines(source: str) -> int:
    return sum(bool(line.strip()) for line in source.splitlines())


def is_colab(cell: nbformat.NotebookNode) -> bool:
    return "colab" in tags(cell)


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


@pytest.fixture
def notebook(path) -> nbformat.NotebookNode:
    return read(path)


def test_there_are_chapters():
    assert CHAPTERS, "the glob finds no chapter: the tests below would pass on nothing"


def test_is_valid_and_named(path, notebook):
    nbformat.validate(notebook)
    for cell in notebook.cells:  # above all nothing that takes a cell out of the tests
        assert set(tags(cell)) <= {"colab", "cover", "claims", "nbval-check-output"}
    assert re.fullmatch(r"\d\d_[a-z_]+", path.stem)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_opens_as_every_chapter_does(path, notebook):
    opening = notebook.cells[0].source
    heading = re.match(r"# (\d+)\. (.+)", opening)
    assert heading, "the first cell starts with '# <number>. <title with a verb>'"
    number, title = heading.groups()
    assert int(number) == int(path.stem[:2]) == notebook.metadata.tutorial.number
    assert title == notebook.metadata.tutorial.title
    for heading in ("**You will build**", "**You will be able to**", "**You need**"):
        assert heading in opening, heading
    assert f"../assets/figures/{path.stem}.png" in opening
    assert 3 <= len(re.findall(r"^- ", opening.split("able to**")[1], flags=re.M)) <= 5
    code = cells_of(notebook, "code")
    assert is_colab(code[0])
    assert code_lines(code[1].source) <= 15, "the set-up cell"


def test_states_what_the_last_run_needed(notebook):
    record = notebook.metadata.tutorial
    opening = notebook.cells[0].source
    assert isinstance(record.needs, list)
    minutes = re.search(r"about ([\d.]+) minutes? on a CPU", opening)
    memory = re.search(r"([\d.]+) GB of memory", opening)
    assert minutes, "You need: 'about N minutes on a CPU'"
    assert memory, "You need: 'N GB of memory'"
    assert abs(float(minutes[1]) - record.cpu_minutes) <= max(0.3, 0.3 * record.cpu_minutes)
    assert abs(float(memory[1]) - record.memory_gb) <= 0.3


def test_readme_lists_the_chapter_with_its_figures(path, notebook):
    record = notebook.metadata.tutorial
    row = next((line for line in README.splitlines() if f"(notebooks/{path.name})" in line), None)
    assert row, f"add a row for notebooks/{path.name} to the README's table of chapters"
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == str(record.number)
    assert record.title in cells[1]
    assert cells[3:5] == [f"{record.cpu_minutes:.1f}", f"{record.memory_gb:.1f} GB"], "run `make outputs`"
    assert float(cells[5]) > 0
    assert cells[6] == f"{record.avx2.minutes:.1f}", "run `make avx2`"


def test_closes_as_every_chapter_does(notebook):
    headings = [
        line
        for cell in cells_of(notebook, "markdown")
        for line in cell.source.splitlines()
        if line.startswith("## ")
    ]
    assert headings[-4:] == ["## What you built", "## Exercises", "## In practice", "## References"]
    references = cells_of(notebook, "markdown")[-1].source
    assert "arXiv:" in references


def test_has_a_chapters_size(path, notebook):
    code = [code_lines(cell.source) for cell in cells_of(notebook, "code") if not is_colab(cell)]
    assert 40 <= len(notebook.cells) <= 110
    assert 2_000 <= words(notebook) <= 5_500
    assert median(code) <= 15
    assert max(code) <= 40
    assert 6 <= len(pictures(notebook)) <= 18
    assert path.stat().st_size <= 2 * MB


def test_never_runs_on_in_code(notebook):
    run = 0
    for cell in notebook.cells:
        assert cell.source.strip(), f"cell {cell.id} is empty"
        apart = {"colab", "claims"} & set(tags(cell))
        run = run + 1 if cell.cell_type == "code" and not apart else 0
        assert run <= 2, f"a third code cell in a row: {cell.source[:60]}"


def test_every_output_is_read(notebook):
    cells = notebook.cells
    for place, cell in enumerate(cells):
        if cell.get("outputs") and any("image/png" in o.get("data", {}) for o in cell.outputs):
            assert place + 1 < len(cells), "a chapter does not end with a figure"
            assert cells[place + 1].cell_type == "markdown", (
                f"no prose reads the figure of: {cell.source[:60]}"
            )


def test_outputs_come_from_one_clean_run_of_this_code(notebook):
    counts = [cell.execution_count for cell in cells_of(notebook, "code")]
    assert counts == list(range(1, len(counts) + 1))
    assert notebook.metadata.tutorial.executed == code_digest(notebook), "run `make outputs`"


def seconds_said(prose: str) -> list[float]:
    """The times that a text announces, such as "about a minute" or "20 seconds", in seconds."""
    number = {"a": 1.0, "one": 1.0, "half a": 0.5, "two": 2.0, "three": 3.0}
    found = re.findall(r"(half a|\b(?:a|one|two|three)|[\d.]+) (second|minute)s?\b", prose)
    return [(number.get(n) or float(n)) * (60 if unit == "minute" else 1) for n, unit in found]


def test_long_cells_say_beforehand_how_long_they_take(notebook):
    """The Markdown before a cell of ten seconds or more names its time, within a factor of two."""
    for place, cell in enumerate(notebook.cells):
        seconds = notebook.metadata.tutorial.long_cells.get(cell.id, 0)
        if seconds >= LONG_SECONDS:
            before = next(c.source for c in reversed(notebook.cells[:place]) if c.cell_type == "markdown")
            said = seconds_said(before)
            assert any(0.5 * seconds <= each <= 2 * seconds for each in said), (cell.id, seconds, said)


def tree_of(cell: nbformat.NotebookNode) -> ast.Module:
    return ast.parse(re.sub(r"^([ \t]*)[!%].*$", r"\1pass", cell.source, flags=re.M))


def names(nodes: list[ast.AST]) -> set[str]:
    return {each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)}


def test_training_starts_from_new_networks_when_its_cell_runs_again(notebook):
    """A network that a cell trains is made in that cell: after an interruption, "run" starts clean."""
    trees = {cell.id: tree_of(cell) for cell in cells_of(notebook, "code")}
    bound = [node for tree in trees.values() for node in ast.walk(tree)]
    functions = {node.name for node in bound if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    functions |= {
        name.asname or name.name for node in bound if isinstance(node, ast.ImportFrom) for name in node.names
    }
    for cell, tree in trees.items():
        made = set(functions)
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                continue
            inside = list(ast.walk(statement))
            made |= names([node.target for node in inside if isinstance(node, ast.comprehension | ast.For)])
            made |= {node.arg for node in inside if isinstance(node, ast.arg)}  # of a lambda
            for call in (node for node in inside if isinstance(node, ast.Call)):
                if re.fullmatch(r"(\w+\.)?(train|train_\w+|fit|minimize)", ast.unparse(call.func)):
                    given = {each.id for each in call.args if isinstance(each, ast.Name)}
                    assert given <= made, f"{cell} trains {given - made}, made in another cell"
            made |= names([t for node in inside if isinstance(node, ast.Assign) for t in node.targets])


def test_outputs_hold_no_error_warning_or_path(notebook):
    for output in outputs_of(notebook):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.get("text")
        text = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        assert not re.search(r"/(home|root|Users|work|tmp)/", text), text
        kinds = set(output.get("data", {}))
        assert "application/vnd.jupyter.widget-view+json" not in kinds, "a widget is dead without a kernel"
        assert {kind for kind in kinds if kind.startswith("image/")} <= {"image/png"}, kinds
        assert "<img" not in str(output.get("data", {}).get("text/html", "")), "show pictures with show()"
    assert "widgets" not in notebook.metadata


def test_every_figure_has_alternative_text(notebook):
    for output in pictures(notebook):
        alt = output.metadata["image/png"]["alt"]
        assert 15 <= len(alt) <= 200
        assert output.data["text/plain"] == alt


def test_cover_is_the_figure_of_this_run(path, notebook):
    tagged = [c for c in cells_of(notebook, "code") if "cover" in tags(c)]
    assert len(tagged) == 1
    picture = next(o.data["image/png"] for o in tagged[0].outputs if "image/png" in o.get("data", {}))
    cover = ROOT / "assets" / "figures" / f"{path.stem}.png"
    assert base64.b64decode(picture) == cover.read_bytes(), "run `make outputs`"


def test_pictures_fit_the_page(notebook):
    for output in pictures(notebook):
        width, _ = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).size
        assert width <= 1000


def test_code_is_plain(notebook):
    for cell in cells_of(notebook, "code"):
        source = cell.source
        assert "plt.show(" not in source
        plotting = re.findall(r"^.*(?:axes|axs|ax|figure|plt)\b[\w\[\], ]*\.\w+\(.*$", source, re.M)
        assert len(plotting) <= 6, f"more than six plotting lines: {plotting}"
        for node in ast.walk(tree_of(cell)):
            assert not (isinstance(node, ast.ImportFrom) and node.names[0].name == "*")


def test_checked_outputs_exist():
    """nbval checks nothing, silently, where such a cell was stored without being run."""
    for path in CHAPTERS:
        for cell in cells_of(read(path), "code"):
            if "nbval-check-output" in tags(cell):
                assert cell.execution_count
                assert cell.outputs


def test_recorded_figures_keep_the_budgets(notebook):
    """Those of today's code; `make report` names the pages whose figures are of earlier code."""
    problem = recorded_over_budget(timed_record(notebook))
    assert not problem, f"{problem}: {notebook.metadata.tutorial.title}"


def test_figures_were_recorded_on_a_quiet_machine(notebook):
    record = notebook.metadata.tutorial
    for minutes, worked in (
        (record.cpu_minutes, record.get("processor_minutes")),
        (record.avx2.minutes, record.avx2.get("processor_minutes")),
    ):
        assert not busy(Figures(minutes, worked)), f"{worked} of {minutes} minutes were worked: run it again"


def test_chapters_together_keep_the_budgets():
    minutes = [recorded(read(path).metadata.tutorial)[0] for path in CHAPTERS]
    assert sum(minutes) <= MAX_MINUTES_ALL
    assert sum(minutes) / len(minutes) <= MAX_MINUTES_MEAN
    assert sum(path.stat().st_size for path in CHAPTERS) / len(CHAPTERS) <= 1 * MB


@pytest.mark.parametrize("path", EXERCISES, ids=str)
def test_exercises_are_stored_without_outputs(path):
    for cell in cells_of(read(path), "code"):
        assert not cell.outputs
        assert cell.execution_count is None


@pytest.mark.parametrize("path", [*CHAPTERS, *EXERCISES, *ROOT.glob("*.md")], ids=lambda path: path.name)
def test_relative_links_lead_somewhere(path):
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join(cell.source for cell in cells_of(read(path), "markdown"))
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)\s#]+)", text):
        assert (path.parent / target).exists(), target
