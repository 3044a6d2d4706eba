"""Where the course keeps its files, and how it writes and verifies them."""

import hashlib
import os
import tempfile
from pathlib import Path

from tutorial_utils import settings
from tutorial_utils.settings import ROOT

ASSETS = ROOT / "assets"


class AssetError(RuntimeError):
    """A file of the course is missing or altered. The message names it and says how to mend it."""


def cache_dir() -> Path:
    """The folder for unpacked data, absolute: `.cache` in the checkout, or where `TUTORIAL_CACHE` points.

    Raises `SettingError` where that can be no folder (see `settings.cache`).
    """
    return settings.cache()


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to a temporary name beside `path`, then rename: `path` is whole or untouched.

    Raises `AssetError` where the folder cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as problem:
        raise AssetError(
            f"cannot write {path}: {problem.strerror or problem}. Make room or grant write access. Unpacked "
            "data can also go to another folder: set TUTORIAL_CACHE to it (in a notebook, before the set-up "
            "cell: %env TUTORIAL_CACHE=~/course-cache)."
        ) from problem
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def expect_writable(folder: Path) -> None:
    """Raise `AssetError` unless a file can be written to `folder`."""
    probe = folder / ".probe"
    write_atomically(probe, b"")
    probe.unlink()


def read(path: Path, *, mend: str) -> bytes:
    """The content of a file of the course. Raises `AssetError` naming `path` and `mend`."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise AssetError(f"cannot read {path}: {problem.strerror}. To mend it: {mend}") from problem


def verify(path: Path, content: bytes | memoryview, sha256: str, *, mend: str) -> None:
    """Raise `AssetError` naming `path` and `mend` unless `content` has the digest `sha256`."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise AssetError(f"{path} is truncated or altered. To mend it: {mend}")


def restore_hint(*paths: Path) -> str:
    """How a reader gets shipped files back."""
    if not ASSETS.is_dir():
        return "install the course from a checkout of its repository, with `python -m pip install -e .`"
    quoted = " ".join(f'"{path}"' for path in paths)
    return f"run `git checkout -- {quoted}` in the repository, or clone it again."
