"""The locks of this project, and the files that follow from them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INDEX = "nix/wheels.json"
BILL = "sbom.json"
# What the index and the bill of materials list; each also notes the digest of every lock.
INSTALLED = ("requirements.txt", "requirements-build.txt")
LOCKS = (
    *INSTALLED, "requirements-dev.txt", "requirements-exchange.txt", "requirements-oldest.txt",
    "requirements-scripts.txt",
)  # fmt: skip
# What the package brings along for the projects that it makes.
SHIPPED = "src/repro/app/init/shipped"
COPIES = ("requirements.in", "requirements.txt", "flake.lock", "nix/wheels.json",
          "nix/environment.json")  # fmt: skip
