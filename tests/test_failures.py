"""Claims about bad days: each ends in an error that names the problem and what to do, and nothing is lost.

Missing, truncated and altered files: test_checkpoints.py and test_data.py. A kernel without the course, or a
Python that is too old: test_first_cell.py.
"""

import errno
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from tutorial_utils import batching, checkpoints, files, training
from tutorial_utils.checkpoints import load_or_train
from tutorial_utils.device import memory_advice, seed_everything
from tutorial_utils.files import AssetError

ROOT = Path(__file__).parents[1]
FILE = "t10k-labels-idx1-ubyte"
UNPACK = """
import os, sys
from pathlib import Path
from tutorial_utils import files
from tutorial_utils.data import fashion, fashion_mnist
fashion.SHIPPED, (warm, closed, open) = Path(sys.argv[1]), sys.argv[2:]
os.environ["TUTORIAL_CACHE"] = warm  # once without trouble: another user may not be able to import
fashion_mnist("test")
fashion._part.cache_clear()
os.environ["TUTORIAL_CACHE"] = closed
{trouble}
try:
    fashion_mnist("test")
except files.AssetError as problem:
    print(problem)
os.environ["TUTORIAL_CACHE"] = open
{relief}
print(len(fashion_mnist("test")))
"""
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions and limits")


@pytest.fixture
def public_folder():
    """A folder that every user of the machine may read: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    shutil.copytree(ROOT / "assets" / "data" / "fashion_mnist", folder / "shipped")
    for name in ("warm", "closed", "open"):
        (folder / name).mkdir()
        (folder / name).chmod(0o555 if name == "closed" else 0o777)
    yield folder
    shutil.rmtree(folder)


def unpack(folder: Path, *, trouble: str, relief: str = "") -> list[str]:
    """What a process in trouble prints: the error, then the number of images once the cache is elsewhere."""
    code = UNPACK.format(trouble=trouble, relief=relief)
    arguments = [str(folder / name) for name in ("shipped", "warm", "closed", "open")]
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip().splitlines()


@posix
def test_without_write_permission_the_cache_can_be_moved(public_folder):
    """As in a checkout that belongs to somebody else. Root may write anywhere, so it becomes nobody first."""
    nobody = "if os.getuid() == 0: os.seteuid(65534)"
    message, count = unpack(public_folder, trouble=nobody)
    assert str(public_folder / "closed") in message
    assert "Permission denied" in message
    assert "TUTORIAL_CACHE" in message
    assert count == "10000"
    assert not list((public_folder / "closed").iterdir())


@posix
def test_with_a_full_disk_nothing_is_half_written_and_the_cache_can_be_moved(public_folder):
    (public_folder / "closed").chmod(0o777)
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limit += "before = resource.getrlimit(resource.RLIMIT_FSIZE); "
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))"
    unlimited = "resource.setrlimit(resource.RLIMIT_FSIZE, before)"
    message, count = unpack(public_folder, trouble=limit, relief=unlimited)
    assert "cannot write" in message
    assert "Make room" in message
    assert "TUTORIAL_CACHE" in message
    assert count == "10000"
    left = [path.name for path in (public_folder / "closed").rglob("*") if path.is_file()]
    assert set(left) <= {FILE}, "the small file may be there, of the large one nothing"


@pytest.mark.parametrize("call", ["chmod", "unlink"])
def test_what_a_file_system_refuses_without_need_is_done_without(tmp_path, monkeypatch, call):
    """Windows shares, S3 and other cloud drives write well, but may know no modes or grant no deletion."""

    def refuse(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, call, refuse)
    files.write_atomically(tmp_path / "file", b"content")
    files.expect_writable(tmp_path)
    assert (tmp_path / "file").read_bytes() == b"content"


def test_a_refused_deletion_does_not_hide_why_nothing_was_written(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "unlink", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(AssetError, match=r"cannot write .*file: Operation not permitted"):
        files.write_atomically(tmp_path / "file", b"content")


def test_installed_without_its_files_every_entry_says_how_to_install_it(tmp_path):
    """As after `pip install .`: nothing is unpacked, downloaded or written before."""
    shutil.copytree(ROOT / "src", tmp_path / "lib" / "python3" / "site-packages")
    code = """
from torchvision.datasets import FashionMNIST
from tutorial_utils import checkpoints, data, features, files, leaderboard

FashionMNIST.download = lambda self: print("downloads")
entries = [files.cache_dir, leaderboard.load]
entries += [lambda: data.fashion_mnist("test"), data.emoji, lambda: data.emoji(size=32)]
entries += [lambda: checkpoints.load("03_classifier", dict), features.classifier]
for entry in entries:
    try:
        entry()
    except files.AssetError as problem:
        print("install" if "`python -m pip install -e .`" in str(problem) else problem)
"""
    before = sorted(tmp_path.rglob("*"))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "lib" / "python3" / "site-packages")}
    environment |= {"TUTORIAL_CACHE": "", "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert result.stdout.splitlines() == ["install"] * 7, result.stdout + result.stderr
    assert sorted(tmp_path.rglob("*")) == before


def build() -> nn.Module:
    seed_everything(0)
    return nn.Linear(1, 1)


def train(model: nn.Module, *, stop_after: int | None = None) -> dict:
    """Fit a line; `stop_after` images the reader presses the stop button."""
    generator = seed_everything(0)
    x = torch.randn(1_000, 1, generator=generator)

    def watch(seen: int) -> dict[str, float]:
        if stop_after is not None and seen >= stop_after:
            raise KeyboardInterrupt
        return {}

    history = training.train(
        training.minimize(
            lambda model, batch: (model(batch[0]).float() - batch[1]).square().mean(),
            model,
            torch.optim.Adam(model.parameters(), lr=0.01),
        ),
        training.batches(TensorDataset(x, 3 * x - 1), 50, generator=generator),
        num_images=5_000,
        log_every=500,
        callback=watch,
    )
    return {"config": {}, "seed": 0, "num_images": history[-1]["num_images"], "metrics": history[-1]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    monkeypatch.setenv("TUTORIAL_RETRAIN", "all")
    return tmp_path


def test_after_an_interrupted_training_the_next_one_starts_clean(folder):
    with pytest.raises(KeyboardInterrupt):
        load_or_train("line", build, lambda model: train(model, stop_after=2_500))
    assert not list(folder.iterdir()), "half a training leaves no file"
    again, record = load_or_train("line", build, train)
    other, other_record = load_or_train("undisturbed", build, train)
    assert torch.equal(again.weight, other.weight)
    assert record["metrics"] == other_record["metrics"]
    assert record["sha256"] == other_record["sha256"]


def test_a_result_that_could_not_be_written_is_not_trained_for(folder, monkeypatch):
    (folder / "file").write_text("in the way")
    monkeypatch.setattr(checkpoints, "FOLDER", folder / "file")
    with pytest.raises(AssetError, match="cannot write"):
        load_or_train("line", build, lambda model: pytest.fail("trained"))
    assert (folder / "file").read_text() == "in the way"


def full(*_) -> dict:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")


@pytest.mark.parametrize(
    "use",
    [
        lambda: training.train(full, iter([(torch.zeros(4),)]), num_images=4, log_every=4),
        lambda: load_or_train("line", build, full),
        lambda: batching.fill(4, (full() for _ in range(2))),
    ],
    ids=["training", "checkpoint", "many images"],
)
def test_a_full_gpu_comes_with_advice(folder, use):
    with pytest.raises(torch.OutOfMemoryError) as caught:
        use()
    message = str(caught.value)
    for part in (
        "Shut down the kernels of other notebooks",
        "TUTORIAL_DEVICE=cpu",
        "Tried to allocate 20.00 MiB",
    ):
        assert message.count(part) == 1


def test_advice_is_given_once_and_about_nothing_else():
    with pytest.raises(torch.OutOfMemoryError) as caught, memory_advice(), memory_advice():
        full()
    assert str(caught.value).count("restart the kernel") == 1
    with pytest.raises(RuntimeError, match=r"^other$"), memory_advice():
        raise RuntimeError("other")


needs_make = pytest.mark.skipif(shutil.which("make") is None or os.name != "posix", reason="needs make")


@needs_make
def test_make_refuses_a_python_that_is_too_old(tmp_path):
    """With a Python that says it is 3.9: a clear line, and no environment is begun."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    old = tmp_path / "old-python"
    old.write_text(
        f'#!{sys.executable}\nimport sys\nassert sys.argv[1] == "-c", sys.argv\n'
        "sys.version_info = (3, 9, 18)\nexec(sys.argv[2])\n"
    )
    old.chmod(old.stat().st_mode | stat.S_IXUSR)
    result = subprocess.run(["make", "lab", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode
    assert "Python 3.10 or newer is needed: make PYTHON=" in result.stderr
    assert not (tmp_path / ".venv").exists()


def set_up(folder: Path, *, course: Path | None = None) -> Path:
    """A checkout after `make lab`, as far as make can see: without a network, and with no other package."""
    (folder / "src" / "tutorial_utils").mkdir(parents=True)
    (folder / "src" / "tutorial_utils" / "__init__.py").touch()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    venv.create(folder / ".venv", with_pip=False, symlinks=True)
    (packages,) = (folder / ".venv").glob("lib/python*/site-packages")
    (packages / "course.pth").write_text(str((course or folder) / "src"))
    for stamp in (".made", ".lab"):
        (folder / ".venv" / stamp).touch()
    return folder


def what_make_would_do(folder: Path, target: str = "lab") -> list[str]:
    """Which of the steps of the set-up `make` would take there."""
    command = ["make", "-n", "PYTHON=python3", target]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return re.findall(r" -m (venv --clear|pip install -e|jupyterlab|pytest)", result.stdout)


@needs_make
def test_make_installs_once(tmp_path):
    folder = set_up(tmp_path / "a course, (first)")
    assert what_make_would_do(folder) == ["jupyterlab"]
    assert what_make_would_do(folder, "test") == ["pip install -e", "pytest"]
    (folder / ".venv" / ".lab").unlink()  # as after an installation that was interrupted
    assert what_make_would_do(folder) == ["pip install -e", "jupyterlab"]


def move(folder: Path) -> Path:
    return folder.rename(folder.with_name("moved"))


def copy(folder: Path) -> Path:
    return Path(shutil.copytree(folder, folder.with_name("copy"), symlinks=True))


def install_another(folder: Path) -> Path:
    """The first folder's course, into the environment of a second."""
    return set_up(folder.with_name("second"), course=folder)


def lose_python(folder: Path) -> Path:
    """As when a package manager replaces the Python that the environment was made from."""
    for python in (folder / ".venv" / "bin").glob("python*"):
        python.unlink()
        python.symlink_to(folder / "gone")
    return folder


@needs_make
@pytest.mark.parametrize("change", [move, copy, install_another, lose_python])
def test_make_installs_again_where_the_environment_holds_another_folders_course(tmp_path, change):
    folder = change(set_up(tmp_path / "first"))
    assert what_make_would_do(folder) == ["venv --clear", "pip install -e", "jupyterlab"]
    assert what_make_would_do(folder, "test") == ["venv --clear", "pip install -e", "pytest"]
