"""Print the oldest versions that pyproject.toml admits, as requirements to be locked."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


def oldest(requirements: list[str]) -> list[str]:
    """Turn each lower bound into the version to have.

    Raises
    ------
    ValueError
        If a requirement is not a name and a lower bound.
    """
    found = []
    for requirement in requirements:
        parsed = Requirement(requirement)
        bounds = [(bound.operator, bound.version) for bound in parsed.specifier]
        if parsed.marker or parsed.extras or [operator for operator, _ in bounds] != [">="]:
            raise ValueError(f"pyproject.toml: expected NAME>=VERSION, found {requirement!r}")
        found.append(f"{parsed.name}=={bounds[0][1]}")
    return found


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sys.stdout.write("\n".join(oldest(project["dependencies"])) + "\n")
