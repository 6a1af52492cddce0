"""Train and leave the record: this runs at a place, with the place's own Python.

    train.py --project FOLDER --cell FOLDER (--python FILE | --wheels FOLDER) [--lock NAME]
             --level LEVEL [--set NAME=VALUE ...]

The folder of the cell has the configuration, config.json, and gets the record, record.json.
It needs only the standard library. An environment is made from the locked wheels, once for a lock;
``--python`` names an existing one. ``--set`` sets a variable for the training alone.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

_PIP = ("-P", "-m", "pip", "--disable-pip-version-check", "-q", "install", "--no-index")
_FULL_BYTES = 1 << 20


def main() -> int:
    """Return the exit status of the first command that failed, or 0."""
    asked = _arguments()
    try:
        python = asked.python or _environment(asked, asked.cell)
        return _train(python, asked)
    except subprocess.CalledProcessError as error:
        return error.returncode if error.returncode > 0 else 1
    finally:
        _give_back(asked.cell)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--cell", type=Path, required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--python", type=Path)
    source.add_argument("--wheels", type=Path)
    parser.add_argument("--lock", default="requirements.txt")
    parser.add_argument("--level", required=True)
    parser.add_argument("--set", action="append", default=[], dest="variables")
    return parser.parse_args()


def _train(python: Path, asked: argparse.Namespace) -> int:
    """Train with an environment's Python; what it cannot do, it says in place of the record."""
    command = [str(python), "-P", "-m", "repro.execution.child", str(asked.project), asked.level]
    environ = {**os.environ, "PYTHONSAFEPATH": "1"}
    environ.update(variable.split("=", 1) for variable in asked.variables)
    with (asked.cell / "config.json").open("rb") as config:
        done = subprocess.run(
            command, stdin=config, stdout=subprocess.PIPE, env=environ, check=False
        )
    if done.returncode:
        sys.stderr.write(f"error: {done.stdout.decode(errors='replace')}\n")
        done.check_returncode()
    record = asked.cell / "record.json"
    try:
        record.write_bytes(done.stdout)
    except OSError as error:
        # Half a record is of no use, and what is printed may need its room.
        record.unlink()
        sys.stderr.write(f"error: {record.name} cannot be written: {error.strerror}\n")
        return 1
    return 0


def _environment(asked: argparse.Namespace, cell: Path) -> Path:
    """Return the Python of an environment with the locked wheels and that of repro."""
    lock, wheels = asked.project / asked.lock, asked.wheels
    folder = cell / "venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made_of = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    stamp = folder / ".made-of"
    if not stamp.exists() or stamp.read_text(encoding="ascii") != made_of:
        shutil.rmtree(folder, ignore_errors=True)
        try:
            _run([sys.executable, "-m", "venv", str(folder)])
            found = ["--find-links", str(wheels), "--only-binary", ":all:", "--require-hashes"]
            _run([str(python), *_PIP, *found, "-r", str(lock)])
        except BaseException:
            # Half an environment is of no use. Where it has filled the disk, nobody could say so:
            # what is printed goes there too.
            full = shutil.disk_usage(cell).free < _FULL_BYTES
            shutil.rmtree(folder, ignore_errors=True)
            if full:
                sys.stderr.write("error: no space left on the disk of the cells\n")
            raise
        stamp.write_text(made_of, encoding="ascii")
    # A lock that pins a release of repro has installed it.
    for own in wheels.glob("own/repro-*.whl"):
        _run([str(python), *_PIP, "--no-deps", "--force-reinstall", str(own)])
    return python


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def _give_back(cell: Path) -> None:
    """Let the owner of the folder remove the files that root wrote in a container."""
    if os.name == "nt" or os.geteuid() != 0:
        return
    owner = cell.stat()
    if owner.st_uid == 0:
        return
    for folder, folders, files in os.walk(cell):
        for name in (*folders, *files):
            os.chown(Path(folder, name), owner.st_uid, owner.st_gid, follow_symlinks=False)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
