"""Claims: the three ways to install agree, the budgets on files hold, and importing costs nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
README = (ROOT / "README.md").read_text("utf-8")
REPOSITORY = PROJECT["project"]["urls"]["Repository"]


def bounds(lines: list[str]) -> dict[str, str]:
    requirements = [Requirement(line) for line in lines]
    return {requirement.name: str(requirement.specifier) for requirement in requirements}


def test_environment_lists_what_pyproject_lists():
    project = PROJECT["project"]
    expected = bounds(project["dependencies"])
    expected["pytorch"] = expected.pop("torch")
    expected["python"] = project["requires-python"]
    expected["nbval"] = bounds(project["optional-dependencies"]["test"])["nbval"]
    lines = [line for line in ENVIRONMENT["dependencies"] if isinstance(line, str)]
    assert bounds([line for line in lines if line != "pip"]) == expected
    assert "pip" in lines
    assert ENVIRONMENT["dependencies"][-1] == {"pip": ["-e ."]}
    assert ENVIRONMENT["channels"][0] == "conda-forge"


def test_readme_installs_as_the_makefile_does():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for line in ("pip install -e .", 'pip install -e ".[test]"'):
        assert line in makefile
        assert f"python -m {line}" in README
    assert "conda env create -f environment.yml" in README
    assert f"conda activate {ENVIRONMENT['name']}" in README
    assert f"Python {PROJECT['project']['requires-python'].removeprefix('>=')}" in README
    for command in ("make lab", "make test"):
        assert command in README
    for command in ("-m ruff check .", "-m pytest"):  # what `make test` runs
        assert f"\t$(PY) {command}\n" in makefile
        assert f"python {command}\n" in README
    root = "--ServerApp.root_dir="  # the repository, since pages show pictures from ../assets
    assert makefile.count(root) == makefile.count("-m jupyterlab") == 1
    assert README.count(root) == README.count("-m jupyterlab") == 2


def test_every_address_is_the_repositorys():
    path = REPOSITORY.removeprefix("https://github.com/")
    found = re.findall(
        r"(?:mybinder\.org/v2/gh|colab\.research\.google\.com/github)/([\w.-]+/[\w.-]+)", README
    )
    assert len(found) >= 2
    assert set(found) == {path}
    assert REPOSITORY in README
    assert REPOSITORY in (ROOT / "CITATION.cff").read_text("utf-8")


def test_installed_packages_satisfy_the_bounds():
    from importlib.metadata import version

    for line in PROJECT["project"]["dependencies"]:
        requirement = Requirement(line)
        installed = version(requirement.name).split("+")[0]
        assert requirement.specifier.contains(installed, prereleases=True), requirement.name


def test_importing_the_package_is_free():
    code = (
        "import time, torch; start = time.perf_counter(); import tutorial_utils; "
        "print(time.perf_counter() - start)"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(output.stdout) < 0.3


def test_helpers_do_not_drag_in_what_they_may_not_need():
    code = (
        "import sys; from tutorial_utils import checks, data, device, metrics, training; "
        "print([name for name in ('torchvision', 'matplotlib', 'ipywidgets') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert output.stdout.strip() == "[]"


def test_every_module_imports_without_printing():
    modules = [
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for path in (ROOT / "src" / "tutorial_utils").rglob("*.py")
    ]
    code = "; ".join(f"import {module.removesuffix('.__init__')}" for module in modules)
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert output.stdout == output.stderr == ""


def test_files_keep_their_budgets():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    sizes = {
        name: (ROOT / name).stat().st_size for name in listed.stdout.splitlines() if (ROOT / name).exists()
    }
    assert sum(sizes.values()) <= 60 * 2**20
    checkpoints = [size for name, size in sizes.items() if name.startswith("assets/checkpoints/")]
    assert sum(checkpoints) <= 12 * 2**20
    for path in (ROOT / "src").rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 250, path


def test_citation_is_valid_and_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["project"]["version"]
    assert {"cff-version", "title", "authors", "message"} <= set(citation)
