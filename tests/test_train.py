"""Claims: what is trained again comes from the pages, a wrong name is refused, and the time is said."""

import json
import sys

import nbformat
import pytest
import train
from pages import CHAPTERS, ROOT, read

from tutorial_utils import checkpoints


def test_every_shipped_record_is_made_by_one_page_and_by_todays_code():
    """A record that the page's code did not make is named. A page's own digests are of its last run, which
    `test_outputs_come_from_one_clean_run_of_this_code` holds to today's code."""
    makers = [name for path in CHAPTERS for name in read(path).metadata.tutorial.get("checkpoints", {})]
    shipped = {path.stem for path in checkpoints.FOLDER.glob("*.json")}
    assert sorted(makers) == sorted(shipped)
    stale = []
    for path in CHAPTERS:
        for name, code in read(path).metadata.tutorial.get("checkpoints", {}).items():
            record = json.loads((checkpoints.FOLDER / f"{name}.json").read_text("utf-8"))
            if code is None or record.get("code") != code:
                stale.append(name)
    assert not stale, f"not made by today's code: make checkpoints NAME='{' '.join(stale)}'"


def test_the_plan_spares_the_yardstick_unless_it_is_named():
    everything = [name for names in train.plan([]).values() for name in names]
    assert set(train.makers()) - set(everything) == {"03_classifier"}
    page = ROOT / "notebooks" / "03_cnn.ipynb"
    assert train.plan(["03_classifier", "04_gan"]) == {
        page: ["03_classifier"],
        ROOT / "notebooks" / "04_gan.ipynb": ["04_gan"],
    }


@pytest.fixture
def no_run(monkeypatch):
    """Notebooks are kept instead of being executed."""
    kept = []

    async def execute(notebook, folder):
        kept.append(notebook)

    monkeypatch.setattr(train, "execute", execute)
    for name in ("TUTORIAL_HEADLESS", "TUTORIAL_RETRAIN"):
        monkeypatch.setenv(name, "")  # is given back at the end
    return kept


def test_a_name_that_no_page_makes_is_refused_before_anything_runs(no_run, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "04_gan", "dcgan"])
    with pytest.raises(SystemExit, match=r"no page makes dcgan\. There are 03_classifier, .*04_gan, "):
        train.main()
    assert not no_run


def test_it_says_how_long_each_takes_before_the_pages_run(no_run, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train.py", "05_beta", "04_gan"])
    train.main()
    said = capsys.readouterr().out
    assert "04_gan: it took 29 min" in said
    assert "in all 35 min" in said
    assert train.os.environ["TUTORIAL_RETRAIN"] == "05_beta,04_gan"
    assert len(no_run) == 2


def test_a_replay_trains_nothing_anew(no_run, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "--replay", "04_gan"])
    train.main()
    (page,) = no_run
    assert page.cells[0].source.endswith("records.replaying = ['04_gan']")
    assert train.os.environ["TUTORIAL_RETRAIN"] == ""
    nbformat.validate(page)
