"""Every message of the package can be read in one place (`make messages`), and is plain English."""

import re

import pytest

from tests.conftest import ROOT
from tests.test_language import PHRASES, counted
from tools.messages import collected
from tools.wording.sites import sites

SOURCE = ROOT / "src" / "repro"
RAISED = re.compile(
    r"\b(Config|Precondition|Data|Schema|Table|HashMismatch|RefusedColumns)Error\((?!Pre|Data\w*E)"
)


def test_every_error_of_the_source_is_collected():
    """Found as text, apart from the syntax tree; a definition of a class is no message."""
    expected = {
        f"{path.relative_to(SOURCE).as_posix()}:{number}"
        for path in SOURCE.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if RAISED.search(line) and not line.startswith("class ")
    }
    found = {line.partition(" ")[0] for line in collected()}

    assert len(expected) > 200
    assert expected - found == set()


def test_an_error_has_its_message_and_its_advice():
    """Templates, with the values that they take in braces."""
    written = {site.texts for site in sites() if site.raises}

    assert (
        "unknown data set '{name}'",
        "{did_you_mean(name, known)}",
    ) in written


def test_no_message_has_a_phrase_to_avoid():
    """The phrases and what to write in their place are in tests/test_language.py."""
    found = {
        f"{site.path}:{site.line}": text
        for site in sites()
        for text in site.texts
        if any(counted([re.sub(r"\{[^{}]*\}", "…", text)]).values())
    }

    assert found == {}


MODULE = """
class OwnError(ReproError):
    pass

def f(name, two):
    what = "one" if two else f"two of {name!r}"
    raise OwnError(f"found {what}", advice="look " + "again")

def g(error):
    return ValueError("told of it")
"""


@pytest.fixture
def package(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "errors.py").write_text("class ReproError(Exception):\n    pass\n")
    return tmp_path


def test_a_message_is_put_together_from_the_names_around_it(package):
    """Classes are found by what they derive from; alternatives stand side by side."""
    first, second = sites(package)

    assert (first.path, first.line, first.kind, first.raises) == ("inner/a.py", 7, "OwnError", True)
    assert first.texts == ("found {what}", "look again")
    assert (second.kind, second.texts, second.raises) == ("ValueError", ("told of it",), False)
    assert counted(second.texts, PHRASES)["tell"] == 1
