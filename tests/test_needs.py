"""Tests that need a library of the system are skipped where it is not there, with the reason."""

import pytest

from tests import needs


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Make a module whose import fails, or does not."""

    def make(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return name

    return make


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("needs_a", "import ctypes\nctypes.CDLL('libabsent.so.1')", "libabsent.so.1: cannot open"),
        ("needs_b", "raise ImportError('no such wheel')", "no such wheel"),
        ("needs_c", "import needs_no_such_module", "No module named 'needs_no_such_module'"),
        ("needs_d", "raise OSError('half a library')", "half a library"),
        ("needs_e", "import os; os._exit(7)", "exit status 7"),
    ],
)
def test_what_cannot_be_imported_is_a_reason(fake, name, text, reason):
    """Whatever an import raises, the test is skipped and says why."""
    with pytest.raises(pytest.skip.Exception) as skipped:
        needs.require(fake(name, text))

    assert f"{name} cannot be imported here" in str(skipped.value)
    assert reason in str(skipped.value)


def test_what_can_be_imported_is_no_reason(fake):
    """Nothing is skipped."""
    needs.require(fake("needs_f", "VALUE = 1"))

    assert "" == needs.absent("json")
