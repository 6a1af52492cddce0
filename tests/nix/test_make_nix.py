"""`make nix-check` and `make nix-image` where Nix, or what it builds from, is not there."""

import os
import shutil
import subprocess

import pytest
from tests.conftest import ROOT

# Where nothing listens: as without a network, and at once.
NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize("target", ["nix-check", "nix-image"])
def test_without_a_network_one_sentence_names_the_next_step(nix, target):
    """And none of Nix's own lines."""
    proxies = [f"{name}_proxy={NOWHERE}" for name in ("http", "https", "all")]
    made = nix.run(
        *("env", *proxies, "make", "-s", "-f", ROOT / "Makefile", "-C", nix.project, target)
    )

    told = [line for line in made.err.splitlines() if not line.startswith("make")]
    assert (made.status, made.out) == (2, "")
    assert told == [
        "the flake's nixpkgs is not on this machine and cannot be downloaded: connect to a network"
        " once, or"
        f" name a copy: make {target} ARGS='--override-input nixpkgs path:FOLDER'"
    ]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_without_nix_it_is_said_where_to_get_it(tmp_path):
    """Rather than that a file was not found."""
    for name in ("make", "sh", "uname"):
        found = shutil.which(name)
        if found:
            (tmp_path / name).symlink_to(found)
    made = subprocess.run(
        ["make", "-s", "nix-check"], cwd=ROOT, env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert made.returncode == 2
    assert made.stderr.startswith("nix is not installed: get it from https://nixos.org/download")
