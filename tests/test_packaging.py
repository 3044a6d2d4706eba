"""Claims: the three ways to install agree, the budgets on files hold, and importing costs nothing."""

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
    assert re.search(r"-m jupyterlab .* notebooks/01_concepts\.ipynb\n", makefile)
    root = "--ServerApp.root_dir="  # the repository, since pages show pictures from ../assets
    assert makefile.count(root) == makefile.count("-m jupyterlab") == 1
    assert README.count(root) == README.count("-m jupyterlab") == 2


def test_installed_packages_satisfy_the_bounds():
    from importlib.metadata import version

    for line in PROJECT["project"]["dependencies"]:
        requirement = Requirement(line)
        installed = version(requirement.name).split("+")[0]
        assert requirement.specifier.contains(installed, prereleases=True), requirement.name


def test_importing_the_package_is_free():
    code = (
        "import time, torch; start = time.process_time(); import tutorial_utils; "
        "print(time.process_time() - start)"
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


def test_files_keep_their_budgets(checkout):
    listed = subprocess.run(["git", "ls-files"], cwd=checkout, capture_output=True, text=True, check=True)
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


def workflow(name: str) -> dict:
    return yaml.load((ROOT / ".github" / "workflows" / name).read_text("utf-8"), Loader=yaml.BaseLoader)


def test_every_push_is_tested_on_three_systems_from_the_oldest_to_the_newest():
    push = workflow("test.yml")
    assert "push" in push["on"]
    matrix = push["jobs"]["test"]["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    oldest, newest = matrix["include"]
    assert [oldest["packages"], newest["packages"]] == matrix["packages"] == ["oldest", "newest"]
    assert oldest["python"] == PROJECT["project"]["requires-python"].removeprefix(">=")
    assert tuple(map(int, newest["python"].split("."))) > tuple(map(int, oldest["python"].split(".")))
    assert (oldest["resolution"], newest["resolution"]) == ("lowest-direct", "highest")


def test_the_newest_of_everything_is_tried_each_week():
    weekly = workflow("weekly.yml")
    (time,) = weekly["on"]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", time["cron"])
    steps = [step.get("run", "") for step in weekly["jobs"]["newest"]["steps"]]
    assert any("--upgrade --prerelease allow" in step for step in steps)
    assert {"python -m ruff check .", "python -m pytest --all-seeds"} <= set(steps)


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


def test_codespaces_install_the_course_and_open_the_first_chapter():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert container["postCreateCommand"].endswith("python -m pip install -e .")
    (first,) = container["customizations"]["codespaces"]["openFiles"]
    assert (ROOT / first).exists()


def test_binder_finds_the_environment_and_counts_one_core():
    assert not any((ROOT / name).exists() for name in ("binder", ".binder")), "these hide environment.yml"
    start = (ROOT / "start").read_text("utf-8")
    assert start.startswith("#!/bin/bash\n")
    assert "export OMP_NUM_THREADS=1\n" in start
    assert start.endswith('exec "$@"\n')
    if os.name == "posix":
        assert os.access(ROOT / "start", os.X_OK)
