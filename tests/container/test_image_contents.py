"""What is in the image: settings, users, packages to the byte, and nothing else."""

import base64
import csv
import hashlib
import io
import re
import zipfile

import pytest
from tests.conftest import ROOT

from repro import __version__
from repro.app.image.layouts import entries, merged
from repro.launch import Level, leaking
from repro.processor import architecture

SITE = "opt/repro/lib/python3.13/site-packages/"
# Written by pip, or made from what is there.
OWN = re.compile(
    r"(.*\.pyc|[^/]+\.dist-info/(RECORD|INSTALLER|REQUESTED)|repro(-[\d.]+\.dist-info)?/.*)"
)
MOST = 1.15


@pytest.fixture(scope="module")
def tree(layout):
    """Every path that a container sees."""
    return merged(layout)


def environment(layout):
    return dict(line.split("=", 1) for line in layout.config["config"]["Env"])


@pytest.mark.skipif(architecture() != "x86_64", reason="the image names code paths of x86-64")
def test_the_dockerfile_fixes_what_the_level_fixes():
    """Line by line what the launcher asks for; nothing else that can change a result."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    set_by_it = dict(
        pair.split("=", 1)
        for line in re.findall(r"^ENV (.*)$", text, re.M)
        for pair in line.split()
    )

    wanted = dict(Level.PORTABLE.variables)
    assert {name: set_by_it.get(name) for name in wanted} == wanted
    assert set(leaking(set_by_it)) <= set(wanted)


@pytest.mark.skipif(architecture() != "x86_64", reason="the image names code paths of x86-64")
def test_the_image_has_the_level_and_the_digests_in_its_environment(layout, bench):
    """What a container starts with."""
    found = environment(layout)
    lock = hashlib.sha256((bench.project / "requirements.txt").read_bytes()).hexdigest()

    assert found.items() >= Level.PORTABLE.variables.items()
    assert found["REPRO_BASE_DIGEST"] == bench.base.partition("@")[2]
    assert found["REPRO_LOCK_DIGEST"] == f"sha256:{lock}"


def test_the_labels_say_what_it_is_and_what_it_was_made_from(layout, bench):
    """In the words of the OCI specification."""
    name, _, digest = bench.base.partition("@")
    # Not where this machine serves it.
    name = re.sub(r"^127\.0\.0\.1:\d+/", "localhost/", name)
    labels = dict(layout.config["config"]["Labels"])
    revision = labels.pop("org.opencontainers.image.revision")
    labels.pop("org.opencontainers.image.description")

    assert re.fullmatch("[0-9a-f]{40}", revision)
    assert labels == {
        "org.opencontainers.image.title": "repro",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.source": "https://example.org/team/project",
        "org.opencontainers.image.version": __version__,
        "org.opencontainers.image.base.name": name,
        "org.opencontainers.image.base.digest": digest,
    }
    assert layout.config["created"] == "2026-01-02T03:04:05Z"


def test_it_runs_as_a_number_that_is_not_root_and_owns_nothing(layout, tree):
    """Nor does anybody else: only the folder of the runs can be written."""
    config = layout.config["config"]
    mine = {path: entry for path, entry in tree.items() if path.startswith(("opt/", "project"))}

    assert (config["User"], config["Entrypoint"]) == ("10001:10001", ["repro"])
    assert {entry.owner for entry in mine.values()} == {"0:0"}
    others = {p for p, e in mine.items() if e.mode[7] == "w" and e.kind != "symbolic link"}
    assert others == set()
    assert (tree["runs"].mode, tree["project/runs"].kind) == ("rwxrwxrwt", "symbolic link")


def test_nothing_in_it_installs_compiles_or_gives_rights(tree):
    """No pip and no wheel of it, no setuptools, no compiler, no cache, no setuid file."""
    unwanted = re.compile(
        r"((.*/)?(pip|setuptools|wheel|ensurepip|python-wheels)(-[\d.]+\.dist-info)?/.*"
        r"|.*/(pip|setuptools|wheel)-[^/]*\.whl|(usr/)?(local/)?s?bin/(pip|gcc|g\+\+|cc|c\+\+|make)[\d.]*"
        r"|root/\.cache/.*|opt/repro/.*/tests/__pycache__/.*|build/.*|context/.*|wheels/.*)"
    )

    assert [path for path in tree if unwanted.fullmatch(path)] == []
    files = [path for path, e in tree.items() if e.kind == "file" and set(e.mode) & set("sS")]
    assert files == []


def installed(tree):
    return {p.removeprefix(SITE): e for p, e in tree.items() if p.startswith(SITE)}


def test_what_is_installed_are_the_wheels_of_the_lock(tree, bench):
    """File by file the hash that the wheel's own record gives, where the lock has that wheel."""
    locked = set(re.findall(r"sha256:([0-9a-f]{64})", (ROOT / "requirements.txt").read_text()))
    found, wrong, known = installed(tree), [], 0
    expected = set()
    for wheel in bench.wheels.glob("*.whl"):
        if hashlib.sha256(wheel.read_bytes()).hexdigest() not in locked:
            assert wheel.name.startswith("flit_core")
            continue
        for name, digest in records(wheel):
            expected.add(name)
            known += 1
            if name not in found or found[name].sha256 != digest:
                wrong.append(name)
    strangers = [
        p
        for p, e in found.items()
        if e.kind == "file" and p not in expected and not OWN.fullmatch(p)
    ]

    assert (wrong, strangers) == ([], [])
    assert known > 5000


def records(wheel):
    """The names and hashes that a wheel's record has for files of site-packages."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/RECORD", n)]
        rows = csv.reader(io.StringIO(archive.read(name).decode()))
        for path, digest, _ in rows:
            if digest and ".data/" not in path:
                value = base64.urlsafe_b64decode(digest.removeprefix("sha256=") + "=")
                yield path, value.hex()


def test_a_wheel_that_was_altered_is_not_built_in(bench, tmp_path):
    """One byte of one file; the sentence says which step is next."""
    altered = tmp_path / "wheels"
    altered.mkdir()
    for wheel in bench.wheels.iterdir():
        (altered / wheel.name).symlink_to(wheel)
    victim = next(altered.glob("rfc8785-*.whl"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.unlink()
    victim.write_bytes(content)

    done = bench.image(
        "build", "--wheelhouse", altered, "--output", f"oci:{tmp_path / 'image'}", "--no-load"
    )

    assert done.status == 3, done.out
    assert f"{victim.name}' is not a wheel of the lock" in done.err
    assert "next: " in done.err
    assert not (tmp_path / "image").exists()


def test_it_is_hardly_larger_than_its_base_and_its_wheels(layout, bench):
    """Compiled modules, configuration and data are the rest."""
    base, *rest = (entries(layout, layer) for layer in layout.layers)
    wheels = sum(
        member.file_size
        for wheel in bench.wheels.glob("*.whl")
        if not wheel.name.startswith("flit_core")
        for member in zipfile.ZipFile(wheel).infolist()
    )
    size = sum(entry.size for layer in (base, *rest) for entry in layer.values())

    assert size <= MOST * (sum(entry.size for entry in base.values()) + wheels)
