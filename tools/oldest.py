"""Print the oldest versions that pyproject.toml admits, as requirements to be locked."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def oldest(requirements: list[str]) -> list[str]:
    """Turn each lower bound into the version to have.

    Raises
    ------
    ValueError
        If a requirement is anything but a name and a lower bound.
    """
    found = []
    for requirement in requirements:
        name, _, version = requirement.partition(">=")
        if not version.replace(".", "").isdigit():
            raise ValueError(f"pyproject.toml: expected NAME>=VERSION, found {requirement!r}")
        found.append(f"{name}=={version}")
    return found


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sys.stdout.write("\n".join(oldest(project["dependencies"])) + "\n")
