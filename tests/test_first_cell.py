"""Claims about the first code cell of every notebook: where the page's own course is installed it does
nothing, on Colab it fetches the course and no other package, and anywhere else it says what to do."""

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

import nbformat
import pytest
from badges import repository
from pages import CHAPTERS, EXERCISES, ROOT, cells_of, read, tags

NOTEBOOKS = [*CHAPTERS, *EXERCISES]


def first_code_cell(path: Path) -> nbformat.NotebookNode:
    return cells_of(read(path), "code")[0]


CELL = first_code_cell(NOTEBOOKS[0]).source


def test_it_is_the_same_everywhere():
    cells = {path: first_code_cell(path) for path in NOTEBOOKS}
    assert len(cells) >= 18
    assert {cell.source for cell in cells.values()} == {CELL}
    assert all("colab" in tags(cell) for cell in cells.values())
    assert f"https://github.com/{repository()} " in CELL
    required = re.search(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert f"sys.version_info < (3, {required[1]})" in CELL
    assert max(map(len, CELL.splitlines())) <= 99


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory) -> Path:
    """A Python with this one's packages, but without the course."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    packages = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    # a path in a .pth file does not bring in the .pth files of that folder, such as the course's own
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(packages.strip()) / "others.pth").write_text("\n".join(sorted(paths)), "utf-8")
    return python


def run(
    python: Path, code: str, *, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess:
    """Run `code` with IPython's magic, as a kernel would, in an environment that is not activated."""
    shell = "from IPython.core.interactiveshell import InteractiveShell as Shell"
    script = f"{shell}\nShell().run_cell({code!r}).raise_error()"
    hidden = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"}
    clean = {name: value for name, value in os.environ.items() if name not in hidden}
    with tempfile.TemporaryDirectory() as settings:
        clean["IPYTHONDIR"] = settings
        return subprocess.run(
            [python, "-c", script],
            capture_output=True,
            text=True,
            env=clean | environment,
            cwd=cwd or python.parent,
        )


@pytest.mark.parametrize("folder", ["notebooks", "notebooks/exercises", "solutions", "elsewhere"])
def test_where_the_course_is_installed_it_does_nothing(folder, tmp_path):
    """Neither in the package's own checkout nor on a page that lies in none, as a downloaded one does."""
    cwd = tmp_path if folder == "elsewhere" else ROOT / folder
    result = run(Path(sys.executable), CELL, cwd=cwd, PYTHONPATH=str(ROOT / "src"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_page_says_when_its_helpers_come_from_another_checkout(tmp_path, bare_python):
    """As after a second clone, a copied folder, or an installation without -e."""
    for name in ("first", "second"):
        (tmp_path / name / "notebooks").mkdir(parents=True)
        (tmp_path / name / "src" / "tutorial_utils").mkdir(parents=True)
        (tmp_path / name / "src" / "tutorial_utils" / "__init__.py").write_text("")
    first, second = tmp_path / "first", tmp_path / "second"
    installed = {"PYTHONPATH": str(first / "src")}
    result = run(bare_python, CELL, cwd=second / "notebooks", **installed)
    assert result.returncode == 0, result.stderr
    for part in (f"lies in {second}", str(first / "src" / "tutorial_utils"), "make lab", "pip install -e ."):
        assert part in result.stdout
    assert run(bare_python, CELL, cwd=first / "notebooks", **installed).stdout == ""
    if os.name == "posix":
        (second / "src").rename(second / "moved")
        (second / "src").symlink_to(first / "src")  # another path to the same files
        assert run(bare_python, CELL, cwd=second / "notebooks", **installed).stdout == ""


def test_a_kernel_without_the_course_is_told_what_to_do(bare_python):
    result = run(bare_python, CELL)
    assert result.returncode
    message = result.stderr.strip().splitlines()[-1]
    assert message.startswith("ModuleNotFoundError: The course is not installed for this kernel's Python")
    for advice in (str(bare_python.parent), "make lab", "python -m pip install -e .", "Change Kernel"):
        assert advice in message


def test_a_python_that_is_too_old_is_named():
    result = run(Path(sys.executable), f"import sys\nsys.version_info = (3, 9, 18)\n{CELL}")
    assert "RuntimeError: The course needs Python 3.10 or newer; this kernel runs 3.9." in result.stderr
    plain = re.sub(r"^( *)[!%].*$", r"\1pass", CELL, flags=re.M)
    ast.parse(plain, feature_version=(3, 7))  # an old Python must be able to read it, to say so


COLAB = "import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')\n"


def test_on_colab_it_fetches_the_course_and_no_other_package(bare_python, tmp_path, checkout):
    """The address leads to this checkout, Colab is a module of that name, /content another folder."""
    git = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_VALUE_0": f"https://github.com/{repository()}"}
    git["GIT_CONFIG_KEY_0"] = f"url.{checkout.as_uri()}.insteadOf"
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}  # pip reads this 0 as "no isolation"
    cell = CELL.replace("/content", tmp_path.as_posix())
    check = "\nimport json, torch, tutorial_utils.files as f\n"
    check += "print(json.dumps([str(f.ROOT), f.ASSETS.is_dir(), torch.__file__]))"
    result = run(bare_python, COLAB + cell + check, **git, **offline)
    assert result.returncode == 0, result.stdout + result.stderr
    found = result.stdout.strip().splitlines()[-1]
    root, has_assets, torch_file = json.loads(found)
    assert Path(root) == tmp_path / "course"
    assert has_assets
    assert Path(torch_file).is_relative_to(sysconfig.get_path("platlib"))  # Colab's own
    installed = {path.name.split("-")[0] for path in bare_python.parents[1].rglob("*.dist-info")}
    assert installed == {"pixels_to_prompts"}
    again = run(bare_python, COLAB + cell + check)  # installed by now: nothing is fetched
    assert again.stdout.strip() == found, again.stdout + again.stderr


def test_on_colab_without_a_network_it_says_so(tmp_path, bare_python):
    git = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_VALUE_0": "https://github.com/"}
    git["GIT_CONFIG_KEY_0"] = f"url.{(tmp_path / 'nowhere').as_uri()}/.insteadOf"
    cell = CELL.replace("/content", tmp_path.as_posix())
    cell = cell.replace('find_spec("tutorial_utils")', 'find_spec("tutorial_utils_that_is_missing")')
    result = run(bare_python, COLAB + cell, **git, PIP_NO_INDEX="1")
    assert "RuntimeError: The course could not be fetched" in result.stderr, result.stderr
