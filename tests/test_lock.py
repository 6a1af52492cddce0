"""The lock: one file, resolved once, for every platform and every supported Python."""

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import ROOT

LOCKS = (
    "requirements.txt", "requirements-build.txt", "requirements-dev.txt",
    "requirements-scripts.txt",
)  # fmt: skip
OLDEST = "requirements-oldest.txt"
# Of an environment of its own, with other versions.
EXCHANGE = "requirements-exchange.txt"
PLATFORMS = [
    {
        "sys_platform": system,
        "platform_system": name,
        "os_name": os_name,
        "platform_machine": machine,
    }
    for system, name, os_name, machine in (
        ("linux", "Linux", "posix", "x86_64"),
        ("linux", "Linux", "posix", "aarch64"),
        ("darwin", "Darwin", "posix", "arm64"),
        ("win32", "Windows", "nt", "AMD64"),
    )
]
TARGETS = [
    platform | {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0"}
    for platform in PLATFORMS
    for minor in (11, 12, 13, 14)
]


def pins(name):
    text = (ROOT / name).read_text()
    return {
        canonicalize_name(found[1]): found[2]
        for found in re.finditer(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE)
    }


@pytest.mark.parametrize(
    "target", TARGETS, ids=lambda t: f"{t['sys_platform']}-{t['python_version']}"
)
def test_the_lock_is_closed_on_every_platform(target):
    """What any pinned package needs there is pinned too."""
    locked = pins("requirements.txt")
    missing = []
    for name in locked:
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            applies = needed.marker is None or needed.marker.evaluate({"extra": ""} | target)
            if applies and canonicalize_name(needed.name) not in locked:
                missing.append(f"{name} needs {needed}")

    assert missing == []


@pytest.mark.parametrize("name", [*LOCKS, OLDEST, EXCHANGE])
def test_every_pin_is_exact_and_has_hashes(name):
    """No range, no address, no folder; at most a marker where there is no wheel."""
    lines = (ROOT / name).read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    blocks = re.split(r"\n(?=[A-Za-z])", text.strip())

    assert [
        b
        for b in blocks
        if not re.match(r"[\w.-]+==\S+( ; [^\\\n]+)? \\\n(\s+--hash=sha256:[0-9a-f]{64})", b)
    ] == []
    assert re.findall(r"https?://|file:|--index|--extra|--find-links|/home|/root|\.\./", text) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-build.txt", OLDEST])
def test_what_is_installed_is_the_same_set_everywhere(name):
    """A marker would leave a package out somewhere; only tools of development may have one."""
    lines = (ROOT / name).read_text().splitlines()

    assert [line for line in lines if ";" in line and not line.lstrip().startswith("#")] == []


@pytest.mark.parametrize(
    "name", [*LOCKS, OLDEST, EXCHANGE, "nix/wheels.json", "sbom.json", "flake.lock"]
)
def test_nothing_of_a_machine_or_of_an_index_is_locked(name):
    """No address but the one by which the standard names its schema, and no path."""
    text = (ROOT / name).read_text().replace("http://cyclonedx.org/schema/bom-1.6.schema.json", "")

    assert re.findall(r"\w+://|file:\S|/home|/root|/tmp|/usr|/nix|\.\./|[A-Z]:\\\\", text) == []
    assert re.findall(r"[\w-]+\.(?:org|com|io|net|dev)\b", text) == []


def test_the_locks_agree_with_each_other():
    """A package that is in two locks has one version."""
    locks = [pins(name) for name in LOCKS]
    shared = {name: {lock[name] for lock in locks if name in lock} for name in set().union(*locks)}

    assert {name: versions for name, versions in shared.items() if len(versions) > 1} == {}


def test_what_is_declared_is_locked_within_its_bounds():
    """The package's own requirements, extras included, hold for the locked versions."""
    names = ("requirements.txt", "requirements-dev.txt", "requirements-scripts.txt")
    locked = {name: version for lock in names for name, version in pins(lock).items()}
    extras = metadata.metadata("repro").get_all("Provides-Extra")
    # Libraries of extras are locked for Linux, where one of them has a build of its own.
    declared = [
        needed
        for needed in map(Requirement, metadata.requires("repro"))
        if needed.marker is None
        or any(needed.marker.evaluate({"sys_platform": "linux", "extra": e}) for e in extras)
    ]

    wrong = [
        str(needed)
        for needed in declared
        if locked.get(canonicalize_name(needed.name)) not in needed.specifier
    ]

    assert (wrong, len(declared) > 10) == ([], True)


def test_the_oldest_versions_are_those_that_are_declared():
    """Each lower bound is locked as it stands, so that a training with it shows that it holds."""
    locked = pins(OLDEST)
    declared = [Requirement(text) for text in metadata.requires("repro")]
    bounds = {
        canonicalize_name(needed.name): Version(str(needed.specifier).removeprefix(">="))
        for needed in declared
        if needed.marker is None
    }

    assert {name: Version(locked[name]) for name in bounds} == bounds
    assert len(bounds) > 10


def test_the_lock_is_made_from_what_it_says():
    """Every name in requirements.in is pinned, and the header gives the command."""
    asked = [
        canonicalize_name(line)
        for line in (ROOT / "requirements.in").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    locked = pins("requirements.txt")

    assert [name for name in asked if name not in locked] == []
    assert "make lock" in (ROOT / "requirements.txt").read_text()
