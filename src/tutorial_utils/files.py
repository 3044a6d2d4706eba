"""Where the course keeps its files, and how it writes and verifies them."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from tutorial_utils import settings
from tutorial_utils.settings import ROOT

ASSETS = ROOT / "assets"


class AssetError(RuntimeError):
    """A file of the course is missing or altered. The message names it and says how to mend it."""


def cache_dir() -> Path:
    """The folder for unpacked data, absolute: `.cache` in the checkout, or where `TUTORIAL_CACHE` points.

    Raises `AssetError` where the course was installed without its files, before anything is unpacked or
    downloaded, and `SettingError` where that can be no folder (see `settings.cache`).
    """
    if not ASSETS.is_dir():
        raise AssetError(f"the course's files are not in {ASSETS}. To mend it: {restore_hint(ASSETS)}")
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
        with suppress(OSError):  # some shares and cloud drives write well, but know no modes
            os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as problem:
        raise AssetError(
            f"cannot write {path}: {problem.strerror or problem}. Make room or grant write access. Unpacked "
            "data can also go to another folder: set TUTORIAL_CACHE to it (in a notebook, before the set-up "
            "cell: %env TUTORIAL_CACHE=~/course-cache)."
        ) from problem
    finally:
        if temporary:
            with suppress(OSError):  # after os.replace it is gone; another problem has been raised
                os.unlink(temporary)


def expect_writable(folder: Path) -> None:
    """Raise `AssetError` unless a file can be written to `folder`."""
    probe = folder / ".probe"
    write_atomically(probe, b"")
    with suppress(OSError):  # another process that asked, too, has taken it away
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
    """How a reader gets shipped files back, as a sentence."""
    if not (ROOT / "pyproject.toml").is_file():
        return (
            "install the course from a checkout of its repository, with `python -m pip install -e .` there, "
            "then restart the kernel."
        )
    quoted = " ".join(f'"{path}"' for path in paths)
    return f"run `git checkout -- {quoted}` in the repository, or clone it again."
