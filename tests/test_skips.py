"""Skips are counted by kind, and under `--strict-skips` one that is not allowed fails."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT, inherited
from tests.skips import ALLOWED, LINUX, WINDOWS, kind_of

# What no checkout with the locked packages lacks, so that a skip for it would hide something.
NEVER = {
    "the console script is not installed",
    "git is not here",
    "make is not installed",
    "this is not a Git checkout",
    "zizmor is not installed",
}
# A literal reason is filled in where it has a placeholder.
FILLED = {"FULL": "/dev/full", "package": "numpy==2.3.5", "tool": "mmdebstrap", "name": "zizmor"}

SUITE = """
import pytest
import sys


@pytest.mark.skipif(True, reason="the processor has no AVX-512 to switch off")
def test_allowed():
    pass


@pytest.mark.skipif(True, reason="it was flaky")
def test_marked():
    pass


def test_called():
    pytest.skip("not today")


def test_package():
    pytest.importorskip("no_such_package")


@pytest.mark.parametrize("case", [])
def test_no_case(case):
    pass


@pytest.fixture
def broken():
    pytest.skip("no disk")


def test_fixture(broken):
    pass


@pytest.mark.skip
def test_unconditional():
    pass


@pytest.mark.xfail(reason="known")
def test_expected():
    assert False


def test_passing():
    pass
"""
REFUSED = {"marked", "called", "package", "no_case", "fixture", "unconditional"}


@pytest.fixture
def suite(tmp_path):
    """A function that runs a small suite in a pytest of its own, and returns its output."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run(text, *options):
        (tmp_path / "test_small.py").write_text(text)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "tests.skips", "-rA", *options],
            cwd=tmp_path, env=inherited() | {"PYTHONPATH": str(ROOT)}, check=False,
            capture_output=True, text=True,
        )  # fmt: skip

    return run


def names(done, word):
    return set(re.findall(rf"^{word} test_small\.py::test_(\w+)", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "in a worker"])
def test_a_skip_that_is_not_allowed_fails(suite, workers):
    """However it comes about; an allowed one and an expected failure stay what they are."""
    done = suite(SUITE, "--strict-skips", *workers)

    assert done.returncode == 1, done.stdout
    assert names(done, "FAILED") | names(done, "ERROR") == REFUSED
    assert (names(done, "PASSED"), names(done, "XFAIL")) == ({"passing"}, {"expected"})
    assert "This skip is not allowed (see tests/skips.py): not today" in done.stdout
    assert "skipped by kind: processor 1" in done.stdout


def test_a_local_run_only_counts(suite):
    """Nothing fails, and the sum of the kinds is what pytest counts."""
    done = suite(SUITE)

    assert done.returncode == 0, done.stdout
    assert "skipped by kind: not allowed 6, processor 1" in done.stdout
    assert "1 passed, 7 skipped, 1 xfailed" in done.stdout


@pytest.mark.parametrize(("options", "status"), [((), 5), (("--strict-skips",), 2)])
def test_a_whole_file_is_judged_as_well(suite, options, status):
    """It is skipped while it is collected, before there are any tests."""
    done = suite("import pytest\npytest.importorskip('no_such_package')\n", *options)

    assert done.returncode == status, done.stdout
    assert ("This skip is not allowed" in done.stdout) == bool(options)


@pytest.mark.parametrize(
    ("reason", "applies"),
    [
        ("signals of POSIX", WINDOWS),
        ("exec replaces a process on POSIX alone", WINDOWS),
        ("needs a /proc file system", not LINUX),
        ("no /dev/full on this system", not LINUX),
        ("the loader of Linux", not LINUX),
        ("no x86-64-v3", True),
        ("Chromium is not installed", True),
        ("lightgbm cannot be imported here: OSError: libgomp.so.1: cannot open", True),
        ("lightgbm cannot be imported here: No module named 'lightgbm'", False),
        ("it takes root of Linux, and mmdebstrap", True),
        ("a build on a different date needs root, because its Linux reads", True),
        ("qemu-aarch64 and mmdebstrap: not installed", True),
        ("torch cannot be imported here: ModuleNotFoundError: No module named 'torch'", True),
        ("xgboost cannot be imported here: No module named 'xgboost'", False),
        ("zizmor is not installed", False),
        ("could not import 'fsspec': No module named 'fsspec'", False),
        ("got empty parameter set for (case)", False),
        ("unconditional skip", False),
        ("", False),
    ],
)
def test_a_reason_is_allowed_where_it_can_be_true(reason, applies):
    assert bool(kind_of(reason)) == applies


def reasons():
    """Return each literal reason to skip that stands in the tests."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if "nixpkgs" in path.parts or path == Path(__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and "skip" in ast.unparse(node.func):
                named = [word.value for word in node.keywords if word.arg == "reason"]
                first = node.args[:1] if ast.unparse(node.func) == "pytest.skip" else []
                yield from filter(None, map(literal, named or first))


def literal(node):
    """Return the text of a string, with placeholders filled in; None for an expression."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            each.value
            if isinstance(each, ast.Constant)
            else FILLED.get(ast.unparse(each.value), "reason")
            for each in node.values
        )
    return None


def test_every_reason_in_the_tests_is_decided_on():
    """Also one of a system that is not this one: exactly one entry, or never allowed."""
    found = Counter(reasons())
    undecided = {
        reason: fitting
        for reason in found
        if reason not in NEVER
        and len(fitting := [a.kind for a in ALLOWED if re.match(a.pattern, reason)]) != 1
    }

    assert (undecided, len(found) > 60) == ({}, True)
    assert set(found) >= NEVER
