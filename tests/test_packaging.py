"""Claims: the ways to install agree, the README's figures are true, files keep their budgets, and importing
costs nothing and prints nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from pages import CHAPTERS, EXERCISES

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
README = (ROOT / "README.md").read_text("utf-8")


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


def test_readme_names_the_pythons_that_the_course_is_tested_with():
    tested = re.findall(r"""["']3\.(\d+)["']""", (ROOT / ".github/workflows/test.yml").read_text("utf-8"))
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    newest = f"3.{max(map(int, tested))}"
    assert set(re.findall(r"Python (3\.\d+ to 3\.\d+)", README)) == {f"{oldest} to {newest}"}


def test_readme_adds_the_hours_up():
    rows = [row.split("|") for row in README.splitlines() if "](notebooks/0" in row or "](notebooks/1" in row]
    assert f"about {sum(int(cells[6]) for cells in rows)} hours" in README


def test_installed_packages_satisfy_the_bounds():
    from importlib.metadata import version

    for line in PROJECT["project"]["dependencies"]:
        requirement = Requirement(line)
        installed = version(requirement.name).split("+")[0]
        assert requirement.specifier.contains(installed, prereleases=True), requirement.name


def python(code: str) -> str:
    """What a Python of its own prints, warnings included."""
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout.strip()


def test_importing_the_package_is_free():
    clock = "time.process_time()"
    code = f"import time, torch; start = {clock}; import tutorial_utils; print({clock} - start)"
    assert float(python(code)) < 0.3


@pytest.mark.parametrize(
    ("modules", "spared"),
    [
        ("files, settings", {"torch", "numpy"}),
        ("checks, data, device, metrics, training", {"torchvision", "matplotlib", "ipywidgets"}),
    ],
)
def test_helpers_do_not_drag_in_what_they_may_not_need(modules, spared):
    code = f"import sys; from tutorial_utils import {modules}; print({spared} & set(sys.modules))"
    assert python(code) == "set()"


def test_every_module_can_be_the_first_that_is_imported_and_prints_nothing():
    """Sub-packages included, of which each is one that an installation would find."""
    sources = sorted((ROOT / "src" / "tutorial_utils").rglob("*.py"))
    assert {path.parent for path in sources} == {path.parent for path in sources if path.stem == "__init__"}
    modules = [".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in sources]
    code = f"""
import importlib, sys
for module in {[module.removesuffix(".__init__") for module in modules]}:
    for name in [name for name in sys.modules if name.startswith("tutorial_utils")]:
        del sys.modules[name]
    importlib.import_module(module)
"""
    assert python(code) == ""


def test_files_keep_their_budgets(checkout):
    listed = subprocess.run(["git", "ls-files"], cwd=checkout, capture_output=True, text=True, check=True)
    sizes = {
        name: (ROOT / name).stat().st_size for name in listed.stdout.splitlines() if (ROOT / name).exists()
    }
    assert sum(sizes.values()) <= 80 * 2**20
    checkpoints = [size for name, size in sizes.items() if name.startswith("assets/checkpoints/")]
    assert sum(checkpoints) <= 30 * 2**20
    for path in (ROOT / "src").rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 250, path


def test_citation_is_valid_and_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["project"]["version"]
    assert {"cff-version", "title", "authors", "message"} <= set(citation)


@pytest.mark.skipif(os.name != "posix", reason="needs bash")
def test_binder_counts_one_core_and_runs_what_it_is_told():
    """It runs `start` before JupyterLab, unless a folder called binder hides that and environment.yml."""
    assert not any((ROOT / name).exists() for name in ("binder", ".binder"))
    command = [ROOT / "start", sys.executable, "-c", "import os; print(os.environ['OMP_NUM_THREADS'])", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "8"}
    assert subprocess.check_output(command, env=environment, text=True) == "1\n"


def workflow(name: str) -> dict:
    return yaml.load((ROOT / ".github" / "workflows" / name).read_text("utf-8"), Loader=yaml.BaseLoader)


@pytest.mark.skipif(os.name != "posix", reason="runs the workflow's shell commands")
def test_every_push_runs_each_notebook_once_and_the_tests(tmp_path):
    """The shards come from the folder of chapters, so that a new one needs no edit."""
    jobs = workflow("test.yml")["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    commands = {step.get("id", step.get("name", step.get("run"))): step.get("run") for step in steps}
    (tmp_path / "python").write_text('#!/bin/sh\nshift 2\nprintf "%s\\n" "$@"\n')
    (tmp_path / "python").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(tmp_path / "output")}

    def shell(command: str, **more: str) -> list[str]:
        command = ["bash", "-eo", "pipefail", "-c", command]
        run = subprocess.run(command, cwd=ROOT, env=environment | more, capture_output=True, check=True)
        return run.stdout.decode().split()

    shell(commands["list"])
    name, _, listed = (tmp_path / "output").read_text().partition("=")
    assert name == "names"
    shards = json.loads(listed)
    assert "python -m ruff check ." in commands.values()
    assert jobs["test"]["strategy"]["matrix"]["shard"] == "${{ fromJSON(needs.shards.outputs.names) }}"
    assert shards == ["tests", *(path.stem for path in CHAPTERS)]
    ran = [path for shard in shards for path in shell(commands["Test"], SHARD=shard)]
    notebooks = [path.relative_to(ROOT).as_posix() for path in [*CHAPTERS, *EXERCISES]]
    assert sorted(ran) == sorted(["tests", *notebooks])
