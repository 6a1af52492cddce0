"""The home of a command that runs again: settings are its own, data is the user's."""

from __future__ import annotations

import pytest

from repro.launch.seal.command import available_seal

pytestmark = pytest.mark.skipif(
    not available_seal().files, reason="this kernel has no Landlock, or its seal is refused"
)
SCRIPT = """\
from pathlib import Path
from sklearn.dummy import DummyRegressor
home = Path.home()
(home / ".program").mkdir(exist_ok=True)
(home / ".program" / "settings").write_text("new")
value = float((home / "data" / "value.txt").read_text())
DummyRegressor().fit([[1.0]], [value])
"""


def test_settings_are_written_elsewhere_and_data_is_read_where_it_is(folder, tmp_path):
    """A program that stops without its settings runs, and the user's are not touched."""
    home = tmp_path / "user"
    (home / "data").mkdir(parents=True)
    (home / "data" / "value.txt").write_text("0.25")
    folder.write("train.py", SCRIPT)
    record = folder.record("python", "train.py", HOME=str(home))
    (home / ".program" / "settings").write_text("the user's own")

    found = folder.verify(status=0, HOME=str(home))

    assert [each["name"] for each in record["materials"]["data"]] == ["~/data/value.txt"]
    assert found["comparison"]["verdict"] == "identical"
    assert found["seal"] == "sealed"
    assert (home / ".program" / "settings").read_text() == "the user's own"


def test_data_that_the_record_lacks_is_not_in_it(folder, tmp_path):
    """What differs in the user's home is found before anything runs; what is new is not seen."""
    home = tmp_path / "user"
    (home / "data").mkdir(parents=True)
    (home / "data" / "value.txt").write_text("0.25")
    folder.write("train.py", SCRIPT.replace('home / "data"', 'next(home.glob("d*"))'))
    folder.record("python", "train.py", HOME=str(home))
    (home / "d").mkdir()

    assert folder.verify(status=0, HOME=str(home))["comparison"]["verdict"] == "identical"
    (home / "data" / "value.txt").write_text("0.5")
    assert "value.txt differs" in folder.verify(status=1, HOME=str(home))["sentence"]
