"""Hashes of a large file and of many small ones, and checks that nothing has changed."""

import random
import shutil
import subprocess

from peers import program
from sides import PYTHON, REPRO, Side, pair

TREE = "import sys; from repro.digest.files import digest_tree; print(digest_tree(sys.argv[1]))"


def hashing(bench):
    """Yield rows for one file and for a folder: first hashes, then checks again."""
    place = bench.folder / "hashing"
    place.mkdir()
    size, count = (64, 500) if bench.quick else (2_000, 20_000)
    _write(place, size, count)
    file = Side([REPRO, "data", "hash", str(place / "big.bin")])
    folder = Side([PYTHON, "-c", TREE, "files"], place)
    subjects = {
        f"`repro data hash`, a file of {size:,} MB": (file, "big.bin"),
        f"`digest_tree`, {count:,} files of 1 to 4 kB": (folder, "files"),
    }
    dvc = program("dvc", "dvc")
    if dvc is not None:
        subprocess.run([dvc, "init", "-q", "--no-scm"], cwd=place, check=True)
    for name, (left, target) in subjects.items():
        for other in ("sha256sum", "md5sum"):
            right = Side(["find", target, "-type", "f", "-exec", other, "{}", "+"], place)
            yield pair("hashing", f"{name} / `{other}`", left, right, bench.rounds)
        if dvc is not None:
            yield from _dvc(bench, place, name, left, target, dvc)


def _dvc(bench, place, name, left, target, dvc):
    # DVC remembers hashes outside the project; this place is forgotten before it adds again.
    site = place / "site"
    variables = {"DVC_SITE_CACHE_DIR": str(site)}

    def forget():
        (place / f"{target}.dvc").unlink(missing_ok=True)
        for each in (site, place / ".dvc" / "cache", place / ".dvc" / "tmp"):
            shutil.rmtree(each, ignore_errors=True)

    add = Side([dvc, "add", "-q", target], place, variables, forget)
    yield pair("hashing", f"{name} / `dvc add`", left, add, bench.rounds)
    status = Side([dvc, "status"], place, variables)
    again = f"{name}, a second time / `dvc status`"
    yield pair("hashing", again, left, status, bench.rounds)
    forget()


def _write(place, size, count):
    noise = random.Random(0)
    with (place / "big.bin").open("wb") as file:
        for _ in range(size):
            file.write(noise.randbytes(10**6))
    (place / "files").mkdir()
    for number in range(count):
        content = noise.randbytes(noise.randrange(1_000, 4_000))
        (place / "files" / f"{number:05}.bin").write_bytes(content)
