"""Train and export the record: this runs in a cell, with the cell's own Python.

    train.py --project FOLDER --cell FOLDER (--python FILE | --wheels FOLDER) [--lock NAME]
             [-- ARGUMENT...]

It needs only the standard library. An environment is made from the locked wheels, once for a lock;
``--python`` names an existing one. The words after ``--`` are for ``repro train``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
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
    cell: Path = asked.cell
    runs, record = cell / "runs", cell / "record.json"
    # What an earlier call left is never taken for this one's.
    shutil.rmtree(runs, ignore_errors=True)
    record.unlink(missing_ok=True)
    try:
        python = asked.python or _environment(asked, cell)
        where = ["--project", str(asked.project), "--runs", str(runs)]
        repro = [str(python), "-P", "-m", "repro"]
        trained = _run([*repro, "train", *asked.arguments, "--quiet", "--json", *where])
        run = json.loads(trained)["run_id"]
        _run([*repro, "reference", run, "--output", str(record), *where])
    except subprocess.CalledProcessError as error:
        return error.returncode if error.returncode > 0 else 1
    finally:
        _give_back(cell)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--cell", type=Path, required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--python", type=Path)
    source.add_argument("--wheels", type=Path)
    parser.add_argument("--lock", default="requirements.txt")
    own, _, arguments = _parted(sys.argv[1:])
    asked = parser.parse_args(own)
    asked.arguments = arguments
    return asked


def _parted(words: list[str]) -> tuple[list[str], str, list[str]]:
    place = words.index("--") if "--" in words else len(words)
    return words[:place], "--", words[place + 1 :]


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
