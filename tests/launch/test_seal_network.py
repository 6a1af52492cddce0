"""A sealed command has a loopback of its own and reaches nothing else; refusals are named."""

from __future__ import annotations

import os
import socket

import pytest
from tests import listening
from tests.sealing import TRIED, named, own_network

pytestmark = named


@pytest.fixture
def servers():
    found = listening.start()
    yield found
    found.close()


CONNECTS = f"""{TRIED}
import socket
def tcp(host, port): return bool(socket.create_connection((host, port), 5))
def udp(host, port):
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (host, port))
"""


@own_network
def test_no_server_of_this_machine_is_reached(project, servers):
    """The port on the loopback is that of a different network; it is named since it exists."""
    tcp, udp = servers.ports
    code = f"""{CONNECTS}
attempt(lambda: tcp('127.0.0.1', {tcp}))
attempt(lambda: tcp('localhost', 1))
attempt(lambda: udp('127.0.0.1', {udp}))
"""
    said = project.python(code)

    assert said.startswith("refused ConnectionRefusedError\nrefused ConnectionRefusedError\n")
    assert servers.visits() == 0
    assert project.refused("connect") == {f"tcp 127.0.0.1:{tcp}", f"udp 127.0.0.1:{udp}"}


@own_network
@pytest.mark.parametrize(
    ("host", "shown"), [("192.0.2.77", "192.0.2.77"), ("fd00::7", "[fd00::7]")]
)
def test_no_address_outside_is_reached(project, host, shown):
    """Addresses of documentation and of nobody."""
    said = project.python(f"{CONNECTS}\nattempt(lambda: tcp({host!r}, 80))")

    assert said == "refused OSError\n"
    assert project.refused("connect") == {f"tcp {shown}:80"}


@own_network
def test_sockets_of_services_are_not_reached(project, tmp_path):
    """A container engine listens at a file, a desktop at a name without one."""
    path, name = tmp_path / "engine.sock", f"desktop-{os.getpid()}"
    code = f"""{TRIED}
import socket
attempt(lambda: socket.socket(socket.AF_UNIX).connect({str(path)!r}))
attempt(lambda: socket.socket(socket.AF_UNIX).connect("\\0{name}"))
"""
    with socket.socket(socket.AF_UNIX) as engine, socket.socket(socket.AF_UNIX) as desktop:
        engine.bind(str(path))
        desktop.bind(f"\0{name}")
        engine.listen()
        desktop.listen()
        said = project.python(code)

    assert said == "refused PermissionError\nrefused ConnectionRefusedError\n"
    assert project.refused("connect") == {f"local {path}", f"local @{name}"}


POOLS = """
import multiprocessing, socket, sys, threading
from multiprocessing.managers import SyncManager
from joblib import Parallel, delayed
import numpy
def total(values): return float(values.sum())
if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: server.accept()[0].sendall(b"hello")).start()
        print(socket.create_connection(server.getsockname()).recv(5))
    for address in (None, ("127.0.0.1", 0)):
        with SyncManager(address, authkey=b"x") as manager:
            shared = manager.list([1, 2]); shared.append(3); print(list(shared))
    with multiprocessing.get_context("forkserver").Pool(2) as pool: print(pool.map(abs, [-1, -2]))
    values = numpy.ones(500_000)
    print(Parallel(n_jobs=2, max_nbytes=1000)(delayed(total)(values) for _ in range(3)))
    from multiprocessing import shared_memory
    block = shared_memory.SharedMemory(create=True, size=10); block.close(); block.unlink()
    print(multiprocessing.Lock().acquire())
"""


@own_network
def test_pools_managers_and_shared_memory_work(project):
    """Within the seal there is a loopback, shared memory and a temporary folder."""
    said = project.python(POOLS).splitlines()

    assert said == [
        "b'hello'", "[1, 2, 3]", "[1, 2, 3]", "[1, 2]", "[500000.0, 500000.0, 500000.0]", "True",
    ]  # fmt: skip
    assert {each.kind for each in project.refusals()} <= {"list", "execute"}
