"""Programs and servers of an environment of their own, `build/exchange`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT

PROGRAMS = ROOT / "build" / "exchange" / "bin"
_SECONDS = 90


def program(name: str) -> str:
    """Return the path of a program of the environment, or skip the test."""
    path = PROGRAMS / name
    found = str(path) if path.is_file() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name}: not installed")
    return found


@contextmanager
def serving(folder: Path, health: str, *words: str) -> Iterator[str]:
    """Start a server on loopback, wait until it answers, and stop it; {port} is its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environ = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    log = folder / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [word.replace("{port}", port) for word in words],
            cwd=folder, env=environ, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(server, address + health, log)
        yield address
    finally:
        # The workers of a server are in its group.
        os.killpg(server.pid, 15)
        server.wait(30)


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text(errors="replace")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(log.read_text(errors="replace"))
