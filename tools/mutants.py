"""Put one fault at a time into the package, and see whether its tests notice it: what `make mutants` does.

python tools/mutants.py                              every fault, which takes hours
python tools/mutants.py --sample 100 --seed 1        some of them, drawn from all modules
python tools/mutants.py --module metrics/pairs.py    those of one module

Prints each fault that no test notices, and the share of those that are noticed, a line a module. Ends with
status 1 where the share is below 90 %. tools/faults.py says what a fault is. Those that change nothing are
listed in tools/mutants_equal.txt and not run. Each is tried in a fork, so Windows can't run this.
"""

import argparse
import importlib
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

from faults import Mutant, mutants_of

ROOT = Path(__file__).parents[1]
SOURCE, TESTS = ROOT / "src", ROOT / "tests"
PACKAGE = SOURCE / "tutorial_utils"
EQUAL = Path(__file__).with_name("mutants_equal.txt")
GOAL = 0.9
# What the package and its tests import, so that no fork needs to. Nothing of the package itself.
IMPORTED_ONCE = (
    "torch", "torchvision", "numpy", "matplotlib.pyplot", "PIL.Image", "safetensors.torch", "IPython",
    "ipywidgets", "nbformat", "pytest", "skimage.metrics",
)  # fmt: skip
QUIET = ("-x", "-q", "-p", "no:nbval", "-p", "no:cacheprovider", "-o", "addopts=")
# The tests of a module that has no file of its own name, or needs more or less than that: files, or node ids.
TESTS_OF: dict[str, tuple[str, ...]] = {
    "data/emoji_grid.py": ("test_data.py",),
    "data/fashion.py": ("test_data.py",),
    "data/packed.py": ("test_data.py",),
    "data/points.py": ("test_data.py",),
    "experiments.py": ("test_experiments.py", "test_provenance.py", "test_recipes_autoencoding.py"),
    "files.py": (
        "test_settings.py", "test_checkpoints.py", "test_data.py",
        "test_failures.py::test_what_a_file_system_refuses_without_need_is_done_without",
        "test_failures.py::test_a_refused_deletion_does_not_hide_why_nothing_was_written",
    ),
    "measuring.py": ("test_leaderboard.py",),
    "metrics/balls.py": ("test_balls.py", "test_neighbors.py"),
    "metrics/distributions.py": ("test_distributions.py",),
    "metrics/inputs.py": ("test_metrics.py", "test_distributions.py", "test_surroundings.py"),
    "metrics/neighbors.py": ("test_neighbors.py", "test_balls.py"),
    "metrics/pairs.py": ("test_metrics.py", "test_surroundings.py"),
    "models/baselines.py": ("test_baselines.py",),
    "models/classifier.py": ("test_features.py",),
    "models/diffusion.py": ("test_diffusion.py",),
    "models/gan.py": ("test_gan.py",),
    "models/sampling.py": ("test_gan.py", "test_vae.py", "test_diffusion.py"),
    "models/unet.py": ("test_diffusion.py",),
    "models/vae.py": ("test_vae.py",),
    "progress.py": ("test_training.py",),
    "records.py": ("test_checkpoints.py", "test_provenance.py"),
    "yardsticks.py": ("test_features.py",),
}  # fmt: skip


def known_as_equal(listing: Path) -> set[tuple[str, str, str]]:
    """(file, line, change) of faults that change nothing: blocks of four lines, the last says why."""
    blocks = listing.read_text("utf-8").strip().split("\n\n")[1:]  # the first says what the file is
    return {tuple(block.split("\n")[:3]) for block in blocks}  # type: ignore[misc]


def tests_of(name: str) -> tuple[str, ...]:
    """The tests that are to notice the faults of a module such as "metrics/pairs.py": files or node ids."""
    own = "test_" + name.removesuffix(".py").replace("/", "_") + ".py"
    return tuple(str(TESTS / each) for each in TESTS_OF.get(name, (own,)))


class Imposter:
    """Finds one module, and gives it other code than its file has."""

    def __init__(self, mutant: Mutant, folder: Path) -> None:
        parts = mutant.path.relative_to(folder).with_suffix("").parts
        self.name = ".".join(part for part in parts if part != "__init__")
        self.path, self.code = mutant.path, compile(mutant.source, str(mutant.path), "exec")

    def find_spec(self, name: str, *_: object) -> Any:
        if name != self.name:
            return None
        loader = SourceFileLoader(name, str(self.path))
        loader.get_code = lambda _: self.code  # type: ignore[method-assign]
        return spec_from_file_location(name, self.path, loader=loader)


def start(tests: Sequence[str], imposter: Imposter | None) -> int:
    """Run the tests in a fork, silently; return its process id. Its exit status is pytest's."""
    process = os.fork()
    if process:
        return process
    status = 99
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        if imposter:
            sys.meta_path.insert(0, imposter)  # type: ignore[arg-type]
        status = int(importlib.import_module("pytest").main([*QUIET, *tests]))
    finally:
        os._exit(status)


def seconds_without(tests: Sequence[str]) -> float:
    """How long the tests take with no fault in the package. Raises `ValueError` where they fail then."""
    begun = time.monotonic()
    _, status = os.waitpid(start(tests, None), 0)
    if status:
        raise ValueError(f"without any fault these tests fail, or there are none: {' '.join(tests)}")
    return time.monotonic() - begun


def survivors(
    mutants: Iterable[Mutant], tests: Callable[[Mutant], Sequence[str]], folder: Path, *, jobs: int = 1
) -> Iterator[Mutant]:
    """Those whose tests pass. `folder` holds the package. Tests that hang have noticed the fault."""
    queue, running = list(mutants)[::-1], {}
    limits = {each: 20 + 5 * seconds_without(each) for each in dict.fromkeys(tests(m) for m in queue)}
    while queue or running:
        while queue and len(running) < jobs:
            mutant = queue.pop()
            process = start(tests(mutant), Imposter(mutant, folder))
            running[process] = mutant, time.monotonic() + limits[tests(mutant)]
        time.sleep(0.02)
        for process, (mutant, deadline) in list(running.items()):
            late = time.monotonic() > deadline
            if late:
                os.killpg(process, signal.SIGKILL)
            done, status = os.waitpid(process, 0 if late else os.WNOHANG)
            if done:
                del running[process]
                if status == 0:
                    yield mutant


def summary(counts: Mapping[str, tuple[int, int]]) -> list[str]:
    """A line a module, and one for all, from (killed, all) of each."""
    total = tuple(map(sum, zip(*counts.values(), strict=True)))
    return [
        f"{name:28}{killed:>5} of {number:>5} {killed / number:>7.1%}"
        for name, (killed, number) in [*sorted(counts.items()), ("all", total)]
    ]


def name_of(mutant: Mutant) -> str:
    return mutant.path.relative_to(PACKAGE).as_posix()


def prepare() -> None:
    """Import what every fork needs. One thread each, since several forks compute side by side."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.path[:0] = [str(SOURCE), str(TESTS)]
    for name in IMPORTED_ONCE:
        importlib.import_module(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--module", help="a file of the package, such as metrics/pairs.py (default: all)")
    parser.add_argument("--sample", type=int, help="how many to try (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    options = parser.parse_args()

    if not hasattr(os, "fork"):
        sys.exit("faults are tried in forks of this process, which Windows does not have")
    mutants, equal = all_mutants(options.module), known_as_equal(EQUAL)
    tried = [m for m in mutants if (name_of(m), m.text, m.change) not in equal]
    print(f"{len(mutants)} faults, {len(mutants) - len(tried)} of them known to change nothing")
    if options.sample and options.sample < len(tried):
        tried = sorted(random.Random(options.seed).sample(tried, options.sample))
    prepare()
    alive, total = Counter[str](), Counter(map(name_of, tried))
    for mutant in survivors(tried, lambda m: tests_of(name_of(m)), SOURCE, jobs=options.jobs):
        alive[name_of(mutant)] += 1
        place = f"{mutant.path.relative_to(ROOT)}:{mutant.line}"
        print(f"{place}: {mutant.change}\n    {mutant.text}", flush=True)
    print(*summary({name: (total[name] - alive[name], total[name]) for name in total}), sep="\n")
    sys.exit(alive.total() > (1 - GOAL) * len(tried))


def all_mutants(module: str | None) -> list[Mutant]:
    """Those of a module, or of the package without the checks, whose tests are the answers."""
    paths = [PACKAGE / module] if module else sorted(PACKAGE.rglob("*.py"))
    kept = (path for path in paths if path.relative_to(PACKAGE).parts[0] != "checks")
    return [mutant for path in kept for mutant in mutants_of(path)]


if __name__ == "__main__":
    main()
