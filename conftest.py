"""How tests run: several workers at a time, each with a whole file of tests or cells, the longest first.

With two or more workers each computes with its share of the cores. `-n 0` runs everything in one process, in
the usual order; so does one file alone. What is done to notebooks is in tools/nbval_pages.py.
"""

import json
import os
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tools"))

from measuring import memory_gb, usable_cores  # noqa: E402 (needs the path above)

os.environ["TUTORIAL_HEADLESS"] = "1"

pytest_plugins = ["nbval_pages"]
GB_EACH = 3  # of memory: a worker with the data in it, and the kernel of its page
# Minutes of processor time, roughly. The order of the rest matters little.
LONG_TESTS = {
    "test_checks.py": 2.0, "test_exercises.py": 1.0, "test_grading.py": 1.0, "test_leaderboard.py": 1.0,
    "test_browser.py": 0.8, "test_nbval_pages.py": 0.5, "test_data.py": 0.4, "test_failures.py": 0.4,
    "test_gan.py": 0.4, "test_neighbors.py": 0.4,
}  # fmt: skip


def pytest_xdist_auto_num_workers(config):
    """As many as there are cores and memory for. One file is never split, so it needs no worker."""
    alone = len(config.args) == 1 and Path(config.args[0].partition("::")[0]).is_file()
    workers = min(usable_cores(), int(memory_gb() // GB_EACH))
    return 0 if alone or workers < 2 else workers


def pytest_configure(config):
    workers = getattr(config.option, "numprocesses", None) or 1
    if workers > 1:  # before they start: they and their kernels inherit it
        os.environ.setdefault("OMP_NUM_THREADS", str(max(usable_cores() // workers, 1)))


@cache
def minutes(path: Path) -> float:
    """How long a file takes, roughly: as recorded in a chapter, or from the list above; 0 for the rest."""
    if path.suffix != ".ipynb":
        return LONG_TESTS.get(path.name, 0.0)
    record = json.loads(path.read_text("utf-8"))["metadata"].get("tutorial", {})
    return record.get("processor_minutes", record.get("cpu_minutes", 0.0))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):  # xdist hands out files in this order: the workers end together
        items.sort(key=lambda item: -minutes(item.path))
