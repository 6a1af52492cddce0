"""Write the wheel index and the bill of materials from the lock, or check that they agree with it.

``requirements.txt`` holds versions and hashes, and no file names. Nix needs them, since it fetches
each wheel by itself; so does everybody who asks what exactly is installed. Here pip is asked, for
each system, which files it would install from the lock, and takes none whose hash is not in there.
Both files follow from that and from nothing else: no address, no time, no path of this machine.
Both note the digest of every lock, so that none is changed unnoticed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import click

from repro.app.init.index import SYSTEMS, index, reported
from repro.cli import guarded
from repro.core.errors import ExitCode
from tools.locking.agreement import digests, disagreements
from tools.locking.wheels import BILL, COPIES, INDEX, INSTALLED, LOCKS, ROOT, SHIPPED


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--check", is_flag=True, help="Write nothing; say where they disagree. Offline.")
def lock(*, check: bool) -> ExitCode:
    """Write the wheel index and the bill of materials from the lock."""
    if not check:
        _write()
    found = disagreements(ROOT)
    for sentence in found:
        click.echo(sentence)
    if found:
        click.echo("make lock writes both from the lock", err=True)
    return ExitCode.FINDING if found else ExitCode.HOLDS


def _write() -> None:
    # Checking needs none of the packages that the bill of materials is made with.
    from tools.locking.bill import bill

    made_from = digests({name: (ROOT / name).read_text() for name in LOCKS})
    with tempfile.TemporaryDirectory() as folder:
        locks = [ROOT / name for name in INSTALLED]
        reports = {name: reported(each, Path(folder), locks) for name, each in SYSTEMS.items()}
    (ROOT / INDEX).write_text(index(reports, made_from))
    (ROOT / BILL).write_text(bill(reports, made_from))
    for name in COPIES:
        shutil.copyfile(ROOT / name, ROOT / SHIPPED / Path(name).name)


if __name__ == "__main__":
    sys.exit(guarded(lock, sys.argv[1:]))
