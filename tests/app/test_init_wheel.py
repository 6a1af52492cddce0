"""The wheel that a new project brings along."""

import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

import repro
from repro.app.init import wheel as module
from repro.app.init.wheel import own_wheel
from repro.core.errors import PreconditionError

PACKAGE = Path(repro.__file__).parent


@pytest.fixture(scope="module")
def packed():
    made = own_wheel()
    return made, zipfile.ZipFile(io.BytesIO(made.content))


def test_the_same_files_give_the_same_bytes(packed):
    assert own_wheel().content == packed[0].content
    assert packed[0].sha256 == hashlib.sha256(packed[0].content).hexdigest()


def test_it_has_every_file_of_the_package_and_nothing_of_the_installation(packed):
    sources = {
        f"repro/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    files = {name: packed[1].read(name) for name in packed[1].namelist()}

    assert {name: content for name, content in files.items() if name in sources} == sources
    info = f"repro-{repro.__version__}.dist-info"
    extra = {name.removeprefix(f"{info}/") for name in set(files) - set(sources)}
    assert extra == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def test_its_record_is_right(packed):
    name, version, _, tags = parse_wheel_filename(packed[0].name)
    rows = csv.reader(
        io.StringIO(packed[1].read(f"repro-{repro.__version__}.dist-info/RECORD").decode())
    )
    listed = {row[0]: row[1:] for row in rows}

    assert (name, str(version), {str(tag) for tag in tags}) == (
        "repro", repro.__version__, {"py3-none-any"}
    )  # fmt: skip
    assert set(listed) == set(packed[1].namelist())
    for path, (digest, size) in listed.items():
        if digest:
            content = packed[1].read(path)
            raw = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={raw}", str(len(content)))


def test_pip_installs_it_by_its_hash_and_packs_the_same_again(packed, tmp_path):
    """What was installed from it gives it again: a project makes projects."""
    made = packed[0]
    (tmp_path / made.name).write_bytes(made.content)
    (tmp_path / "lock.txt").write_text(f"./{made.name} --hash=sha256:{made.sha256}\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index",
         "--no-deps", "--require-hashes", "-r", "lock.txt", "--target", "there"],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    code = "import repro, sys; from repro.app.init.wheel import own_wheel; w = own_wheel(); " \
        "print('there' in repro.__file__, w.name, w.sha256)"  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "there")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.split() == ["True", made.name, made.sha256]
    changed = tmp_path / "there/repro/core/bits.py"
    changed.write_text(changed.read_text() + "\n")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "there")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "bits.py: differs from the file that was installed" in done.stderr


def test_a_package_that_is_not_installed_is_an_error(monkeypatch):
    def missing(name):
        raise module.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(module.metadata, "distribution", missing)
    with pytest.raises(PreconditionError, match="is not installed"):
        own_wheel()
