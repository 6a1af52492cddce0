"""Ask whether a locked version is known to be vulnerable, by pip-audit.

A package that could not be asked about is not a good one: pip-audit passes it over and says that
nothing was found, and here that is a missing precondition.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from repro.cli import guarded
from repro.core.errors import ConfigError, ExitCode, PreconditionError

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (
    "requirements.txt", "requirements-build.txt", "requirements-dev.txt",
    "requirements-scripts.txt",
)  # fmt: skip
ADVICE = "try again where it can be reached; make audit ARGS='-s osv' asks another one"
_USAGE = 2


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True}
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def audit(options: tuple[str, ...]) -> ExitCode:
    """Ask for known vulnerabilities of every locked package; OPTIONS are pip-audit's."""
    packages = asked(*options)
    known = [(package, entry) for package in packages for entry in package["vulns"]]
    for package, entry in known:
        mended = ", ".join(entry["fix_versions"]) or "no version yet"
        click.echo(f"{package['name']} {package['version']}: {entry['id']}, mended in {mended}")
    if not known:
        click.echo(f"{len(packages)} locked packages: none is known to be vulnerable")
    return ExitCode.FINDING if known else ExitCode.HOLDS


def asked(*options: str) -> list[dict[str, Any]]:
    """Return what the database says of each locked package.

    Raises
    ------
    ConfigError
        pip-audit knows no such option.
    PreconditionError
        It could not be reached, or says nothing about one of them.
    """
    locks = [part for name in LOCKS for part in ("-r", str(ROOT / name))]
    command = [
        sys.executable, "-P", "-m", "pip_audit", "--disable-pip", "--require-hashes", "-f", "json",
        "--progress-spinner", "off", *locks, *options,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, LookupError):
        last = (done.stderr.strip().splitlines() or ["no message"])[-1].partition(" (Caused")[0]
        if done.returncode == _USAGE:
            raise ConfigError(last, advice="pip-audit --help lists its options") from None
        raise PreconditionError(
            f"the database of vulnerabilities could not be asked: {last}", advice=ADVICE
        ) from None
    silent = [package for package in packages if "vulns" not in package]
    if silent or not packages:
        first = f", {silent[0]['name']} for one" if silent else ""
        raise PreconditionError(
            f"the database of vulnerabilities says nothing about {len(silent)} of {len(packages)} "
            f"locked packages{first}",
            advice=ADVICE,
        )
    return packages


if __name__ == "__main__":
    sys.exit(guarded(audit, sys.argv[1:]))
