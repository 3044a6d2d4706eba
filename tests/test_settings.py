"""Claims about the environment variables: each reads what is plainly meant, and anything else ends in an
error that names the variable, its value and what to write."""

import os
import re
from pathlib import Path

import pytest

from tutorial_utils import files, settings
from tutorial_utils.settings import ROOT, SettingError

READERS = {
    "TUTORIAL_CACHE": settings.cache,
    "TUTORIAL_DEVICE": settings.device,
    "TUTORIAL_RETRAIN": settings.retrain,
    "TUTORIAL_HEADLESS": settings.headless,
    "TUTORIAL_LEADERBOARD": settings.leaderboard,
}
UNSET = (ROOT / ".cache", None, (), False, None)
HOME = Path("~").expanduser()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in READERS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("value", [None, "", "  ", '""', "''", ' " " '])
def test_an_empty_value_is_none(monkeypatch, value):
    for name in READERS if value is not None else ():
        monkeypatch.setenv(name, value)
    assert tuple(read() for read in READERS.values()) == UNSET


def test_the_readme_lists_them_all_and_no_other():
    readme = (ROOT / "README.md").read_text("utf-8")
    table = readme.split("\n## Settings\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.M)) == set(READERS)
    sources = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    assert set(re.findall(r"TUTORIAL_[A-Z]+", " ".join(sources))) == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_it_counts_from_the_call_on(monkeypatch, name):
    values = {"TUTORIAL_DEVICE": ("cpu", "meta"), "TUTORIAL_HEADLESS": ("1", "0")}.get(name, ("one", "two"))
    seen = []
    for value in values:
        monkeypatch.setenv(name, value)
        seen.append(READERS[name]())
    assert seen[0] != seen[1]


PATHS = {
    "/data/cache": Path("/data/cache"),
    '"~/course cache"': HOME / "course cache",
    "'~/course cache'": HOME / "course cache",
    "“~/course cache”": HOME / "course cache",
    '  " ~/course cache " ': HOME / "course cache",
    "~": HOME,
    "cache": ROOT / "cache",
    "'run #1'": ROOT / "run #1",
    '"/home/o\'brien"': Path("/home/o'brien"),
    "100% mine": ROOT / "100% mine",
    "C$/x": ROOT / "C$/x",
}


@pytest.mark.parametrize("name", ["TUTORIAL_CACHE", "TUTORIAL_LEADERBOARD"])
@pytest.mark.parametrize("value", PATHS)
def test_a_path_is_what_is_plainly_meant_and_absolute(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    path = READERS[name]()
    assert path == ROOT / PATHS[value]  # on Windows, this gives a path without a drive its drive
    assert path.is_absolute()


def test_a_relative_cache_stays_where_it_is_when_the_process_moves(monkeypatch, tmp_path):
    monkeypatch.setenv("TUTORIAL_CACHE", "cache")
    before = files.cache_dir()
    monkeypatch.chdir(tmp_path)
    assert files.cache_dir() == before == ROOT / "cache"


BAD_PATHS = {
    "$HOME/x": r"\$HOME",
    "${HOME}/x": r"\$\{HOME\}",
    "$(pwd)/x": r"\$\(pwd\)",
    "$env:USERPROFILE/x": r"\$env",
    "%HOME%/x": "%HOME%",
    "%ProgramFiles(x86)%/x": "%ProgramFiles",
    "{home}/x": r"\{home\}",
    "~nosuchuser/x": "no home folder is known for ~nosuchuser: write the path out",
    "~/x  # where there is room": "leave the comment away.*quotation marks",
    '"~/x" # where there is "room"': "comment",
    '"~/x': "quotation marks",
    "~/x'": "quotation marks",
    '"~/x" "~/y"': "quotation marks",
}


@pytest.mark.parametrize("name", ["TUTORIAL_CACHE", "TUTORIAL_LEADERBOARD"])
@pytest.mark.parametrize("value", BAD_PATHS)
def test_what_can_be_no_path_is_an_error(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=BAD_PATHS[value]) as caught:
        READERS[name]()
    assert str(caught.value).startswith(f"{name} is {value!r}: ")


def test_a_user_without_a_home_is_told_so(monkeypatch):
    """As in a container that was started with the number of a user it does not know."""
    for name in ("HOME", "USERPROFILE", "HOMEPATH"):
        monkeypatch.delenv(name, raising=False)
    if os.name == "posix":
        monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    monkeypatch.setenv("TUTORIAL_CACHE", "~/x")
    with pytest.raises(SettingError, match="TUTORIAL_CACHE is '~/x': no home folder is known for ~: write"):
        settings.cache()


@pytest.mark.parametrize(
    ("value", "device"),
    [
        ("cpu", "cpu"),
        ('"cpu"', "cpu"),
        (" CPU ", "cpu"),
        ("'Cuda:1'", "cuda:1"),
        ("mps", "mps"),
    ],
)
def test_a_device_is_one_that_pytorch_knows(monkeypatch, value, device):
    monkeypatch.setenv("TUTORIAL_DEVICE", value)
    assert settings.device() == device


BAD_DEVICES = ["gpu", "GPU", "cuda0", "cuda:-1", "0", "none", "cpu  # the GPU is full", "'cpu"]


@pytest.mark.parametrize("value", BAD_DEVICES)
def test_another_device_is_an_error(monkeypatch, value):
    monkeypatch.setenv("TUTORIAL_DEVICE", value)
    with pytest.raises(SettingError) as caught:
        settings.device()
    assert str(caught.value).startswith(f"TUTORIAL_DEVICE is {value!r}: ")
    assert re.search("comment|quotation|write .*cpu.*cuda.*mps", str(caught.value))


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("04_gan", ("04_gan",)),
        ('"04_gan"', ("04_gan",)),
        ("04_gan, 05_vae,", ("04_gan", "05_vae")),
        ("ALL", ("all",)),
        ("All,03_classifier", ("all", "03_classifier")),
    ],
)
def test_names_stand_between_commas(monkeypatch, value, names):
    monkeypatch.setenv("TUTORIAL_RETRAIN", value)
    assert settings.retrain() == names


BAD_NAMES = ["04_gan;05_vae", "04_gan 05_vae", "04_gan # slow", ",", '"a","b"', "['a']", "a/b"]


@pytest.mark.parametrize("value", BAD_NAMES)
def test_what_can_be_no_list_of_names_is_an_error(monkeypatch, value):
    monkeypatch.setenv("TUTORIAL_RETRAIN", value)
    with pytest.raises(SettingError, match=r"TUTORIAL_RETRAIN is .*: ") as caught:
        settings.retrain()
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("1", True),
        ('"1"', True),
        ("True", True),
        ("yes", True),
        ("0", False),
        ("false", False),
        ("no", False),
    ],
)
def test_headless_is_yes_or_no(monkeypatch, value, answer):
    monkeypatch.setenv("TUTORIAL_HEADLESS", value)
    assert settings.headless() is answer


def test_another_answer_is_an_error(monkeypatch):
    monkeypatch.setenv("TUTORIAL_HEADLESS", "maybe")
    with pytest.raises(SettingError, match=r"TUTORIAL_HEADLESS is 'maybe': write 1 .* or 0"):
        settings.headless()
