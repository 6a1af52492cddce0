"""Requirement files are read as pip reads them: names, versions, hashes, and nothing else."""

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.conftest import ROOT

from repro.capture.packages import observe_runtime
from repro.core.pins import Pin, lines_of, pins, requirement_of
from tools.oldest import oldest

HASH = "0123456789abcdef" * 4
LOCKS = ("requirements.txt", "requirements-build.txt", "requirements-dev.txt",
         "requirements-exchange.txt", "requirements-oldest.txt", "requirements-scripts.txt",
         "requirements-torch.txt")  # fmt: skip


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_of_this_project_is_read_whole(name):
    """Every version and every hash, counted by a search through the text."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = pins(text)

    versions = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE))
    assert {n: pin.version for n, pin in found.items()} == {
        canonicalize_name(n): version for n, version in versions.items()
    }
    assert sorted(h for pin in found.values() for h in pin.hashes) == sorted(
        re.findall(r"--hash=sha256:([0-9a-f]{64})", text)
    )
    assert len(found) >= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a==1 --hash=sha256:{HASH}", {"a": Pin("1", frozenset({HASH}))}),
        (f"A_b.C==1.0.post1 \\\n  --hash=sha256:{HASH}\n",
         {"a-b-c": Pin("1.0.post1", frozenset({HASH}))}),
        (f"a[x,y] == 1 ; python_version < '3.12' \\\r\n --hash sha256:{HASH}",
         {"a": Pin("1", frozenset({HASH}))}),
        ("a===1.0-local", {"a": Pin("1.0-local", frozenset())}),
        ("a==1 # b==2\n# c==3\n", {"a": Pin("1", frozenset())}),
        ("a==1 --hash=sha512:ab", {"a": Pin("1", frozenset())}),
        ("a>=1\nb==1.*\nc==1,<2\nd\ne~=1.0", {}),
        ("-r other.txt\n--hash=sha256:ab\n-e .\n./folder\nhttps://example.org/a-1.whl", {}),
        ("a @ https://example.org/a-1-py3-none-any.whl", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_only_one_version_is_a_pin(text, expected):
    assert pins(text) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("-e .\n--editable ../b\n", ["-e .", "--editable ../b"]),
        ("-r a.txt\n-c b.txt\n--index-url x\n", []),
        ("Num_Py>=2\n", ["num-py"]),
        ("what is this\n", ["what is this"]),
        ("  a==1  \n\n\n#\n b", ["a", "b"]),
    ],
)
def test_every_line_that_names_something_has_a_name(text, names):
    """One that pip would refuse keeps its text, so that a person finds it."""
    assert [line.name for line in lines_of(text)] == names


@pytest.mark.parametrize("text", ["a b", "a>=", "a;", "==1", "a @", "a[", "é==1", ""])
def test_what_is_no_requirement_is_none(text):
    assert requirement_of(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("numpy>=2.0", "numpy==2.0"), ("a>=1", "a==1"), ("a >= 1.2.3", "a==1.2.3"),
        ("scikit-learn>=1.6", "scikit-learn==1.6"), ("a>=1.0rc1", "a==1.0rc1"),
    ],
)  # fmt: skip
def test_a_lower_bound_is_the_oldest_version(text, expected):
    assert oldest([text]) == [expected]


@pytest.mark.parametrize(
    "text", ["a", "a>1", "a>=1,<2", "a==1", "a[x]>=1", "a>=1; os_name == 'nt'", "a>=1 or so"]
)
def test_what_is_no_lower_bound_is_refused(text):
    with pytest.raises(ValueError, match=re.escape(text.partition(" or")[0])):
        oldest([text])


def required_by(name):
    """The installed packages that one requires, with no extra but those of repro."""
    installed = {canonicalize_name(each.name) for each in metadata.distributions()}
    needed = [Requirement(text) for text in metadata.requires(name) or ()]
    asked = [r for r in needed if name == "repro" or "extra ==" not in str(r.marker)]
    return {canonicalize_name(requirement.name) for requirement in asked} & installed


def test_packages_of_commands_take_no_part_in_a_training():
    """Unless a library of the training requires one, as Matplotlib does: keys are as before."""
    expected, pending = {"repro"}, {"repro"}
    while pending:
        name = pending.pop()
        more = required_by(name)
        more -= {"filelock", "junitparser", "packaging"} if name == "repro" else set()
        pending |= more - expected
        expected |= more

    assert set(observe_runtime()) == expected
    assert {"numpy", "scikit-learn"} <= expected
    assert {"filelock", "junitparser"} & expected == set()
