"""Folders of the benchmark: programs that are run, recorded, compared and verified in them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.mutations.programs import PACKAGES, PROJECT, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_HOURS = 3600
REQUIREMENTS = "requirements.txt"


class BenchmarkError(Exception):
    """A program of the benchmark did not run, so there is nothing to compare."""


@dataclass(frozen=True)
class Folder:
    """A working folder; state, installed packages and caches lie beside it."""

    path: Path
    home: Path

    @property
    def site(self) -> Path:
        """The folder that pinned packages are installed into."""
        return self.path.with_name(f"{self.path.name}-site") / "site-packages"

    def copied(self, name: str) -> Folder:
        """Return a copy of the folder under a different name, with its runs."""
        target = self.path.with_name(name)
        shutil.copytree(self.path, target)
        copy = Folder(target, self.home)
        if self.site.is_dir():
            shutil.copytree(self.site, copy.site)
        return copy

    def execute(self, words: Iterable[object], statuses: Iterable[int] = (0,)) -> str:
        """Run a command in the folder and return its output.

        Raises
        ------
        BenchmarkError
            If it ends with a different status.
        """
        command = [str(word) for word in words]
        done = subprocess.run(
            command, cwd=self.path, env=self._environ(), capture_output=True, text=True,
            timeout=_HOURS, check=False,
        )  # fmt: skip
        if done.returncode not in statuses:
            raise BenchmarkError(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
        return done.stdout

    def repro(self, *words: object, statuses: Iterable[int] = (0, 1)) -> Any:
        """Run a command of ``repro`` and return its JSON."""
        return json.loads(self.execute((sys.executable, "-m", "repro", *words), statuses))

    def install(self, wheels: Path) -> None:
        """Install the pinned requirements, if there are any, from a folder of wheels."""
        if not (self.path / REQUIREMENTS).is_file():
            return
        shutil.rmtree(self.site, ignore_errors=True)
        words = (sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--find-links",
                 wheels, "--target", self.site, "--requirement", REQUIREMENTS)  # fmt: skip
        self.execute(words)

    def digest_of(self, names: Iterable[str]) -> str:
        """Digest the bytes of files, without any part of ``repro``."""
        found = hashlib.sha256()
        for name in names:
            found.update((self.path / name).read_bytes())
        return found.hexdigest()

    def _environ(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR"):
            kept.pop(name, None)
        paths = [str(self.site), kept.get("PYTHONPATH", "")]
        return kept | {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), kept["PATH"]]),  # noqa: PTH120
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def make_folder(path: Path, source: Path, files: Iterable[str]) -> Folder:
    """Make a folder with the files of a program and its data."""
    from sklearn.datasets import load_iris

    path.mkdir(parents=True)
    for name in files:
        shutil.copy(source / name, path / name)
    load_iris(as_frame=True).frame.to_csv(path / "iris.csv", index=False)
    return Folder(path, _home(path))


def make_project(path: Path) -> Folder:
    """Make a project with the shipped experiments and the one of a pinned package."""
    for name in ("configs", "data", "reference"):
        shutil.copytree(ROOT / name, path / name)
    shutil.copytree(PROJECT, path, dirs_exist_ok=True)
    return Folder(path, _home(path))


def build_wheels(folder: Path) -> Path:
    """Build a wheel of every version of every package of the benchmark."""
    folder.mkdir(parents=True)
    for module in sorted(PACKAGES.glob("*/*/*.py")):
        name, version = module.parts[-3].replace("-", "_"), module.parts[-2]
        info = f"{name}-{version}.dist-info"
        contents = {
            module.name: module.read_text(encoding="utf-8"),
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        names = (*contents, f"{info}/RECORD")
        contents[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in names)
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            for each, text in contents.items():
                wheel.writestr(each, text)
    return folder


def _home(path: Path) -> Path:
    home = path.with_name("home")
    home.mkdir(exist_ok=True)
    return home
