"""Files of a tracker are whole after each call, whatever the file system can do."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from repro.tracking import written
from repro.tracking.written import write_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("flushed", [True, False])
@pytest.mark.parametrize("can_exchange", [True, False])
def test_the_last_text_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flushed: bool, can_exchange: bool
) -> None:
    """New or not, and nothing stays beside it."""
    if not can_exchange:
        monkeypatch.setattr(written, "_renameat2", lambda: None)
    for text in ("one", "two, which is longer", "3"):
        write_text(tmp_path / "folder" / "a.json", text, flushed=flushed)

        assert (tmp_path / "folder" / "a.json").read_text() == text
        assert [*(tmp_path / "folder").iterdir()] == [tmp_path / "folder" / "a.json"]


@pytest.mark.skipif(sys.platform != "linux", reason="a system call of Linux")
def test_two_files_are_exchanged_on_linux(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")

    assert written._exchanged(tmp_path / "a", tmp_path / "b")
    assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("b", "a")
    assert not written._exchanged(tmp_path / "a", tmp_path / "none")


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    """While a process writes two texts in turn, until it is killed."""
    code = (
        "import sys; from pathlib import Path; from repro.tracking.written import write_text\n"
        "while True:\n"
        "    for letter in 'ab':\n"
        "        write_text(Path(sys.argv[1]), letter * 100_000, flushed=False)\n"
    )
    file = tmp_path / "text"
    process = subprocess.Popen([sys.executable, "-c", code, str(file)])
    try:
        while not file.exists():
            assert process.poll() is None
            time.sleep(0.01)
        seen = {file.read_text() for _ in range(300)}
    finally:
        process.kill()
        process.wait()
    seen.add(file.read_text())

    assert seen <= {"a" * 100_000, "b" * 100_000}
