"""Native libraries from elsewhere are recorded by their content; those of the system are not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from repro.capture.libraries import (
    build_id,
    libraries_from_elsewhere,
    mapped_libraries,
    observe_libraries,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="the table of the Linux kernel")
SYSTEM = ("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/libc.so.6")
OBSERVE = (
    "import json, math\n"
    "from repro.capture.libraries import observe_libraries\n"
    "print(json.dumps(observe_libraries(lambda path: 'site-packages' in path)))"
)


@pytest.mark.parametrize(
    ("path", "environ", "elsewhere"),
    [
        ("/usr/lib/x86_64-linux-gnu/libm.so.6", {}, False),
        ("/lib64/libm.so.6", {}, False),
        ("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3", {}, False),
        ("/usr/local/lib/libpython3.13.so.1.0", {}, False),
        ("/usr/local/lib/libm.so.6", {}, True),
        ("/home/a/fast/libm.so.6", {}, True),
        ("/opt/conda/lib/libgomp.so.1", {}, True),
        ("/usr/lib/fast/libm.so.6", {"LD_LIBRARY_PATH": "/x:/usr/lib/fast"}, True),
        ("/usr/lib/fast/libm.so.6", {"LD_PRELOAD": "/usr/lib/fast/libm.so.6"}, True),
        (
            "/usr/lib/x86_64-linux-gnu/libm.so.6",
            {"LD_LIBRARY_PATH": "/usr/lib/x86_64-linux-gnu"},
            False,
        ),
    ],
)
def test_where_a_library_lies_decides(path, environ, elsewhere):
    """The system's folders, unless a variable names one that the loader would not look into."""
    found = libraries_from_elsewhere((*SYSTEM, path), environ)

    assert found == ((path,) if elsewhere else ())


def test_the_home_of_the_loader_is_the_systems():
    """On NixOS no library lies where other systems have theirs."""
    store = "/nix/store/abc-glibc-2.40/lib"
    paths = (
        f"{store}/ld-linux-x86-64.so.2",
        f"{store}/libm.so.6",
        "/nix/store/def/lib/libgomp.so.1",
    )

    assert libraries_from_elsewhere(paths, {}) == ("/nix/store/def/lib/libgomp.so.1",)


@linux
def test_this_process_has_none_from_elsewhere():
    """Wheels bring what is not the system's, or Python's own."""
    paths = mapped_libraries()

    assert any(Path(path).name.startswith("libc.") for path in paths)
    assert observe_libraries(lambda path: "site-packages" in path, {}) == {}


@linux
@pytest.mark.parametrize("variable", ["LD_LIBRARY_PATH", "LD_PRELOAD"])
@pytest.mark.parametrize("name", ["libm.so.6", "libz.so.1", "libgcc_s.so.1"])
def test_a_library_that_a_variable_brings_is_recorded(tmp_path, variable, name):
    """By its hash, and by its build id where the linker wrote one."""
    source = next((p for p in Path("/usr/lib").rglob(name)), None)
    if source is None:
        pytest.skip(f"the system has no {name}")
    copy = tmp_path / name
    shutil.copy(source, copy)
    value = str(tmp_path if variable == "LD_LIBRARY_PATH" else copy)
    load = f"import ctypes; ctypes.CDLL({name!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", load + OBSERVE],
        env=os.environ | {variable: value},
        capture_output=True,
        text=True,
        check=True,
    )
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()

    found = json.loads(done.stdout)
    assert list(found) == [name]
    assert f"sha256:{digest}" in found[name]


def note(name: bytes, kind: int, data: bytes, order: str = "<") -> bytes:
    padded = (part + b"\0" * (-len(part) % 4) for part in (name, data))
    return struct.pack(f"{order}III", len(name), len(data), kind) + b"".join(padded)


def library(notes: bytes, order: str = "<") -> bytes:
    """Write a file of headers and notes, as elf(5) lays them out."""
    head = b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + bytes(10)
    head += struct.pack(f"{order}HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    other = struct.pack(f"{order}IIQQQQQQ", 1, 5, 0, 0, 0, 0, 0, 0)
    noted = struct.pack(f"{order}IIQQQQQQ", 4, 4, 176, 0, 0, len(notes), len(notes), 4)
    return head + other + noted + notes


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (library(note(b"GNU\0", 3, b"\xab\xcd\xef")), "abcdef"),
        (library(note(b"GNU\0", 3, b"\xab\xcd", ">"), ">"), "abcd"),
        (library(note(b"GNU\0", 1, bytes(16)) + note(b"GNU\0", 3, b"\x01" * 20)), "01" * 20),
        (library(note(b"stapsdt\0", 3, bytes(5)) + note(b"GNU\0", 3, b"\x02")), "02"),
        (library(note(b"GNU\0", 1, bytes(16))), ""),
        (library(b""), ""),
        (b"\x7fELF\x01" + bytes(80), ""),
        (b"no library", ""),
        (b"", ""),
    ],
)
def test_a_build_id_is_read_from_the_notes(tmp_path, content, expected):
    """Among other notes, in either order of bytes; empty where there is none."""
    path = tmp_path / "lib.so"
    path.write_bytes(content)

    assert build_id(path) == expected
