"""A world of its own for Nix: a copy of the project, a store, and a stand-in for nixpkgs."""

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import ROOT, Result

# As the index of packages calls them, and as Nix does.
SYSTEM = f"{os.uname().machine}-linux" if sys.platform == "linux" else "none"
PARTS = ("configs", "data", "nix", "reference", "src", "tools")
FILES = (
    "LICENSE", "README.md", "flake.lock", "flake.nix", "pyproject.toml", "requirements-build.txt",
    "requirements-dev.txt", "requirements-exchange.txt", "requirements-oldest.txt",
    "requirements-scripts.txt", "requirements.txt", "sbom.json",
)  # fmt: skip
SETTINGS = (
    "experimental-features = nix-command flakes\nsandbox = false\nsubstitute = false\n"
    "build-users-group =\nbuilders =\nflake-registry =\n"
)


@dataclass(frozen=True)
class Nix:
    """The project as a flake, and a store that nothing else uses."""

    path: Path

    @property
    def project(self) -> Path:
        return self.path / "project"

    @property
    def wheels(self) -> Path:
        return self.path / "wheels"

    def run(self, *arguments: object) -> Result:
        folders = {
            f"NIX_{name}_DIR": str(self.path / name.lower())
            for name in ("STORE", "STATE", "LOG", "CONF", "LOCALSTATE")
        }
        variables = os.environ | folders
        variables |= {"HOME": str(self.path / "home"), "NIX_CONFIG": SETTINGS}
        done = subprocess.run(
            [*map(str, arguments)], env=variables, capture_output=True, text=True, check=False,
            cwd=self.path,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    def flake(self, verb: str, output: str = "", *arguments: object) -> Result:
        """Run `nix VERB` on an output of the flake, without any network."""
        inputs = ("--override-input", "nixpkgs", f"path:{self.path / 'nixpkgs'}")
        words, name = verb.split(), f"path:{self.project}" + (f"#{output}" if output else "")
        return self.run(
            "nix", *words, name, *inputs, "--no-write-lock-file", "--offline", *arguments
        )

    def build(self, output: str) -> Path:
        """Build an output and return where it is."""
        result = self.flake("build", output, "--no-link", "--json")
        assert result.status == 0, result.err
        return Path(result.json[0]["outputs"]["out"])

    def evaluate(self, output: str, apply: str = "x: x"):
        """Return the value of an output."""
        result = self.flake("eval", output, "--json", "--apply", apply)
        assert result.status == 0, result.err
        return result.json

    def serve(self, file: Path) -> Path:
        """Put a wheel where an index of packages would have it, and return that place."""
        name, _, tag, *_ = file.name.split("-")
        place = self.wheels / tag / name[0] / name / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(file, place))


@pytest.fixture
def nix(tmp_path):
    if shutil.which("nix") is None:
        pytest.skip("nix is not installed")
    for name in PARTS:
        shutil.copytree(
            ROOT / name, tmp_path / "project" / name,
            ignore=shutil.ignore_patterns("__pycache__", ".*_cache"),
        )  # fmt: skip
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / "project" / name)
    shutil.copytree(ROOT / "tests" / "nix" / "nixpkgs", tmp_path / "nixpkgs")
    world = Nix(tmp_path)
    (tmp_path / "home").mkdir()
    machine = {"bash": shutil.which("bash"), "wheels": str(world.wheels), "path": _path()}
    (tmp_path / "nixpkgs" / "machine.json").write_text(json.dumps(machine))
    yield world
    _remove(tmp_path)


def _path() -> str:
    found = python313()
    folders = [str(Path(found).parent)] if found else []
    return os.pathsep.join([*folders, "/usr/bin", "/bin"])


def python313() -> str | None:
    """Return a Python 3.13 that can make environments: what the flake takes from nixpkgs."""
    says = "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 13))"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for path in (shutil.which("python3.13"), *map(str, pyenv.glob("3.13.*/bin/python3.13"))):
        command = [path, "-c", says]
        if path and subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return path
    return None


def _remove(folder: Path) -> None:
    # What is in a store may not be written, by its owner either.
    for path, names, _ in os.walk(folder):
        for name in names:
            inside = Path(path, name)
            if not inside.is_symlink():
                inside.chmod(inside.stat().st_mode | stat.S_IRWXU)
    shutil.rmtree(folder)
