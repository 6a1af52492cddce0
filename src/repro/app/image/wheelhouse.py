"""A folder with the wheels of the locks, for building where no index can be reached."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from repro.app.image.failures import explain
from repro.app.image.processes import run
from repro.core.errors import ConfigError, PreconditionError

LOCKS = ("requirements.txt", "requirements-build.txt")
# pip needs the name of every version of the C library up to the newest one, which is that of Debian
# trixie.
_OLDEST, _NEWEST = 17, 41


def download(project: Path, folder: Path, *, python: str, machine: str) -> list[str]:
    """Fetch the wheels of the locks for one Python on Linux, and return their names.

    The folder then holds these wheels and no others.

    Raises
    ------
    ConfigError, PreconditionError
    """
    _need_pip()
    locks = [project / name for name in LOCKS if (project / name).is_file()]
    if not locks:
        raise ConfigError(
            f"'{project}' has no {LOCKS[0]}, which names the wheels and their hashes",
            advice="write it with: pip-compile --generate-hashes",
        )
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(_OLDEST, _NEWEST + 1)]
    options = [f"--platform={name}" for name in (f"manylinux2014_{machine}", *platforms)]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
        log, fresh = Path(place, "log"), Path(place, "wheels")
        with log.open("wb") as output:
            status = run(
                [
                    sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "-q",
                    "download",
                    "--no-deps", "--only-binary", ":all:", "--require-hashes",
                    "--implementation", "cp", "--python-version", python, *options,
                    *(f"-r{lock}" for lock in locks), "-d", fresh,
                ],
                output, {"TMPDIR": place},
            )  # fmt: skip
        if status != 0:
            raise explain("pip", log.read_text(encoding="utf-8", errors="replace"))
        names = sorted(path.name for path in fresh.iterdir())
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.whl"):
            old.unlink()
        for name in names:
            shutil.move(fresh / name, folder / name)
    return names


def _need_pip() -> None:
    try:
        import pip  # noqa: F401, PLC0415
    except ImportError:
        raise PreconditionError(
            f"'{sys.executable}' has no pip", advice="install it: python -m ensurepip"
        ) from None
