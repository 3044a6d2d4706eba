"""Claims about pages in a real JupyterLab, in a real browser: they open whole, run, and answer to a hand."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from pages import CHAPTERS, ROOT, read, write

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
MINUTE = 60_000  # milliseconds

OPENED = """async () => {
    await window.jupyterapp.restored;
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""
CLEAR = """async () => {
    await window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
    const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells;
    if (cells.some(cell => cell.execution_count)) throw new Error('cells still count as executed');
}"""
RUN = """async ([ids, limit]) => {
    const app = window.jupyterapp, panel = app.shell.currentWidget;
    const cells = panel.content.model.sharedModel.cells;
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error(`${limit} ms are over`)), limit));
    for (const id of ids) {
        panel.content.activeCellIndex = cells.findIndex(cell => cell.id === id);
        await Promise.race([app.commands.execute('notebook:run-cell'), late]);
    }
    if (!ids.length) await Promise.race([app.commands.execute('notebook:run-all-cells'), late]);
    return cells.filter(cell => cell.cell_type === 'code').map(cell => ({
        id: cell.id,
        count: cell.execution_count,
        errors: cell.getOutputs().filter(one => one.output_type === 'error').map(one => one.evalue),
    }));
}"""


SQUARE = """
def draw_square(axes, *, grey):
    plotting.draw_image(axes, torch.full((1, 28, 28), grey), title=f"{grey:.1f}")


frames = [{"grey": grey} for grey in (0.2, 0.8)]
explore(draw_square, {"grey": (0, 1, 0.1)}, frames=frames, alt="A dark square, then a bright one")
"""


def small_page() -> nbformat.NotebookNode:
    """A title, chapter 1's first two code cells, a picture with a slider, and a cell after it."""
    cells = [cell for cell in read(CHAPTERS[0]).cells if cell.id in ("colab", "setup")]
    sources = [SQUARE, "done = True"]
    cells += [nbformat.v4.new_code_cell(source, id=f"added-{place}") for place, source in enumerate(sources)]
    title = nbformat.v4.new_markdown_cell("# A page", id="title")
    return nbformat.v4.new_notebook(cells=[title, *cells], metadata=read(CHAPTERS[0]).metadata)


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium: Playwright's own, which fits it, else the system's."""
    with playwright.sync_playwright() as tools:
        found = [tools.chromium.executable_path, *filter(None, map(shutil.which, NAMES))]
        found = [path for path in found if Path(path).exists()]
        if not found:
            pytest.skip(
                "no Chromium found: install one (Debian: apt-get install chromium; elsewhere: "
                "python -m playwright install chromium)"
            )
        chromium = tools.chromium.launch(executable_path=found[0], args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab with copies of the pages, on a free port, with nobody's settings."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "assets/figures", "assets/badges"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".*"))
    write(folder / "notebooks" / "small.ipynb", small_page())
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"windowingMode": "none"}))  # so that all cells are on the page
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "RUNTIME", "DATA")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "IPYTHONDIR": str(folder / "ipython")}
    own |= {"JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces")}
    environment = {name: value for name, value in os.environ.items() if name != "TUTORIAL_HEADLESS"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--IdentityProvider.token=",
        "--LabApp.expose_app_in_browser=True",
    ]
    with (folder / "lab.log").open("wb") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, env=environment | own, stdout=log, stderr=log)
    try:
        wait_for(address, server, folder / "lab.log")
        yield address
    finally:
        server.terminate()  # which also ends the kernels
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5)
            return
        except OSError:
            assert server.poll() is None, end_of(log)
            time.sleep(0.5)
    pytest.fail(f"JupyterLab did not answer within a minute: {end_of(log)}")


def end_of(log: Path) -> str:
    return log.read_text("utf-8", errors="replace")[-2000:]


@pytest.fixture
def open_page(browser, lab):
    """Open a chapter and wait for its kernel."""
    context = browser.new_context(viewport={"width": 1200, "height": 1400})
    context.set_default_timeout(2 * MINUTE)

    def open_page(name: str):
        page = context.new_page()
        page.goto(f"{lab}/lab/tree/notebooks/{name}?reset")
        page.wait_for_selector(".jp-Notebook .jp-RenderedMarkdown h1")
        page.evaluate(OPENED)
        return page

    yield open_page
    context.close()


def run(page, *ids: str) -> list[dict]:
    """Run the cells with these ids, or all; return the state of each code cell. Nothing may have failed."""
    page.evaluate(CLEAR)
    cells = page.evaluate(RUN, [list(ids), 10 * MINUTE])
    for cell in cells:
        assert not cell["errors"], cell
    ran = [cell["id"] for cell in cells if cell["count"]]
    assert set(ids) <= set(ran)
    return cells


def moves(page, picture, act) -> None:
    """Do `act` and wait until the picture is another one."""
    before = picture.get_attribute("src")
    act()
    page.wait_for_function(
        "([image, before]) => image.src !== before && image.complete && image.naturalWidth > 0",
        arg=[picture.element_handle(), before],
    )


@pytest.mark.parametrize("name", ["01_concepts", "04_gan", "06_evaluation"])
def test_page_opens_whole(open_page, name):
    page = open_page(f"{name}.ipynb")
    page.wait_for_function("() => document.querySelectorAll('.jp-Notebook mjx-container').length > 5")
    images = page.locator(".jp-Notebook .jp-RenderedMarkdown img, .jp-Notebook .jp-OutputArea-output img")
    page.wait_for_function("() => [...document.querySelectorAll('.jp-Notebook img')].every(i => i.complete)")
    widths = images.evaluate_all(
        "all => all.map(image => [image.naturalWidth, image.getAttribute('src').slice(0, 80)])"
    )
    assert len(widths) >= 9  # the cover, two badges and at least six figures
    assert all(width > 0 for width, _ in widths), widths
    assert page.locator(".jp-Notebook mjx-merror, .jp-Notebook [data-mjx-error]").count() == 0
    assert page.locator(".jp-Notebook .jp-RenderedText[data-mime-type*=error]").count() == 0


def test_page_runs_to_its_end_and_its_slider_moves_the_picture(open_page):
    """nbval runs the chapters without live widgets; here is a page with them, as a reader runs it."""
    page = open_page("small.ipynb")
    cells = run(page)
    assert [cell["count"] for cell in cells] == list(range(1, len(cells) + 1))
    picture = page.locator(".jupyter-widgets img, img.jupyter-widgets").first
    picture.wait_for()
    handle = page.locator(".noUi-handle").first
    handle.focus()
    for _ in range(2):
        moves(page, picture, lambda: page.keyboard.press("ArrowRight"))
    moves(page, picture, lambda: page.keyboard.press("ArrowLeft"))


def test_three_rounds_of_real_or_generated(open_page):
    page = open_page("06_evaluation.ipynb")
    run(page, "colab", "setup", "game")
    picture = page.locator(".jupyter-widgets img, img.jupyter-widgets").first
    picture.wait_for()
    for number, answer in ((2, "Real"), (3, "Generated"), (4, "Real")):
        button = page.get_by_role("button", name=answer, exact=True)
        moves(page, picture, button.click)
        status = page.get_by_text(f"image {number} of 20").first
        status.wait_for()
        assert status.inner_text().startswith(("Right, that was from:", "Wrong, that was from:"))
