"""What a reader can set: five environment variables, read and checked in this one place.

Each is read anew at every call, so `%env NAME=value` in a notebook counts from then on. IPython keeps what
a shell would take away: surrounding blanks and one pair of quotation marks are dropped here, and a comment
behind the value is an error, as is whatever else cannot be meant. An empty value is none. The README has the
table.
"""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’"}
UNREPLACED = re.compile(r"\$[({]?\w+[)}]?|%[^%/\\]+%|\{\w+\}")  # $HOME, ${HOME}, $(pwd), %HOME%, {home}
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class SettingError(ValueError):
    """An environment variable that makes no sense. The message names it, its value and what to write."""

    def __init__(self, name: str, advice: str):
        super().__init__(f"{name} is {os.environ.get(name, '')!r}: {advice}")


def cache() -> Path:
    """TUTORIAL_CACHE: the folder for unpacked data, absolute; `.cache` in the checkout where it is not set.

    `~` is the home folder, a relative path starts from the checkout, wherever the process works.
    Raises `SettingError` where another variable stands in it unreplaced or the home folder is not known.
    """
    return _path("TUTORIAL_CACHE") or ROOT / ".cache"


def device() -> str | None:
    """TUTORIAL_DEVICE: where to compute, such as "cpu", "cuda", "cuda:1" or "mps"; None where it is not set.

    Capitals are lowered. Raises `SettingError` for what PyTorch does not know. Whether this machine has such
    a device is not asked.
    """
    name = _value("TUTORIAL_DEVICE").lower()
    if not name:
        return None
    import torch  # tools that need no tensor need not wait for it

    try:
        return str(torch.device(name))
    except RuntimeError:
        advice = "write cpu, cuda (an NVIDIA or AMD GPU), cuda:1 (the second of them) or mps (a Mac's GPU)"
        raise SettingError("TUTORIAL_DEVICE", advice) from None


def retrain() -> tuple[str, ...]:
    """TUTORIAL_RETRAIN: names of checkpoints to train again, separated by commas, or "all"; () where not set.

    Raises `SettingError` where it cannot be a list of names. Whether they exist is not asked.
    """
    text = _value("TUTORIAL_RETRAIN")
    names = [name.strip() for name in text.split(",") if name.strip()]
    if (text and not names) or not all(re.fullmatch(r"[\w.-]+", name) for name in names):
        advice = "write the names of checkpoints with commas between them, such as 04_gan,05_vae, or all"
        raise SettingError("TUTORIAL_RETRAIN", advice)
    return tuple("all" if name.lower() == "all" else name for name in names)


def headless() -> bool:
    """TUTORIAL_HEADLESS: whether live widgets are left out (1), as when pages are made or tested.

    Raises `SettingError` for what is neither yes nor no.
    """
    answer = _value("TUTORIAL_HEADLESS").lower()
    if answer not in YES + NO:
        raise SettingError("TUTORIAL_HEADLESS", "write 1 to leave live widgets out, or 0 to show them")
    return answer in YES


def leaderboard() -> Path | None:
    """TUTORIAL_LEADERBOARD: the folder with the boards that take new entries, absolute as in `cache`.

    None where it is not set.
    """
    return _path("TUTORIAL_LEADERBOARD")


def _value(name: str) -> str:
    """The variable's text without surrounding blanks and quotation marks; "" where it is not set."""
    text = os.environ.get(name, "").strip()
    inner = text[1:-1]
    if len(text) > 1 and QUOTES.get(text[0]) == text[-1] and text[0] not in inner and text[-1] not in inner:
        return inner.strip()
    if re.search(r"(^|\s)#", text):
        advice = "leave the comment away (if # belongs to the value, put the whole in quotation marks)"
        raise SettingError(name, advice)
    marks = {*QUOTES.keys(), *QUOTES.values()}
    if text and marks & {text[0], text[-1]}:
        raise SettingError(name, "write it without quotation marks, or with one pair around the whole value")
    return text


def _path(name: str) -> Path | None:
    text = _value(name)
    if not text:
        return None
    if left := UNREPLACED.search(text):
        advice = f"nothing has put a value in the place of {left[0]}: write it out, or ~ for your home folder"
        raise SettingError(name, advice)
    try:
        return ROOT / Path(text).expanduser()
    except RuntimeError:
        advice = f"no home folder is known for {Path(text).parts[0]}: write the path out in full"
        raise SettingError(name, advice) from None
