"""The committed fingerprints: of this lock, sound, and such that they tell architectures apart."""

import hashlib

from tests.conftest import ROOT

from repro.app.known import read_known
from repro.core.jsonfile import load_record
from repro.core.known import FINGERPRINTS
from repro.core.record_v1 import RecordFile

KNOWN = read_known(ROOT).known
LOCK = hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()


def test_they_are_of_the_lock_that_is_committed():
    """Who changes the lock runs the matrix again: make matrix ARGS="--known …"."""
    assert LOCK in {line.lock for line in KNOWN}, f"{FINGERPRINTS}: see docs/tolerance.md"


def test_a_lock_without_other_numeric_packages_has_the_same_fingerprints():
    """Earlier locks stay, since references that were made with them do."""
    of_lock = {}
    for line in KNOWN:
        of_lock.setdefault(line.lock, set()).add(
            line.model_copy(update={"lock": ""}).model_dump_json()
        )

    assert len({frozenset(found) for found in of_lock.values()}) == 1


def test_every_class_that_a_portable_level_gives_is_there():
    """On x86-64 and on ARM, and with more than one C library."""
    classes = {(line.architecture, line.bits.partition(" ")[0]) for line in KNOWN}
    libraries = {line.libc_version for line in KNOWN if line.architecture == "x86_64"}

    assert {("x86_64", "x86-64-v2"), ("x86_64", "x86-64-v3"), ("aarch64", "armv8-a")} <= classes
    assert len(libraries) > 1


def test_the_committed_reference_has_a_known_one():
    """So a verification on ARM knows that it is from x86-64."""
    content = (ROOT / "reference" / "credit.json").read_bytes()
    environment = load_record(content, "credit.json", RecordFile).environment

    assert read_known(ROOT).has(environment)


def test_a_fingerprint_is_that_of_one_class():
    """Else it would show nothing."""
    classes = {}
    for line in KNOWN:
        classes.setdefault(line.fingerprint, set()).add((line.architecture, line.bits))

    assert all(len(found) == 1 for found in classes.values()), classes
