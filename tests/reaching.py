"""Ways to reach a network, each a function that raises OSError where it is refused.

It needs the standard library alone: tests run it as a program, and copy it beside an own estimator.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys

HOST = "127.0.0.1"
_CALLS = {"x86_64": 41, "aarch64": 198}
_QUERY = struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + b"\x07example\x03org\x00\x00\x01\x00\x01"
_CHILD = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"


def tcp(tcp_port, udp_port):
    socket.create_connection((HOST, tcp_port), 5).close()


def tcp_without_waiting(tcp_port, udp_port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as made:
        made.connect_ex((HOST, tcp_port))


def udp(tcp_port, udp_port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"x", (HOST, udp_port))


def dns_query(tcp_port, udp_port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.connect((HOST, udp_port))
        made.send(_QUERY)


def ipv6(tcp_port, udp_port):
    socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close()


def listens_everywhere(tcp_port, udp_port):
    with socket.create_server(("0.0.0.0", 0)):
        pass


def netlink(tcp_port, udp_port):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


def native_code(tcp_port, udp_port):
    libc = ctypes.CDLL(None, use_errno=True)
    _connected(libc, libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0), tcp_port)


def system_call(tcp_port, udp_port):
    libc = ctypes.CDLL(None, use_errno=True)
    # The upper half of the argument is not the family's: the kernel passes over it.
    family = ctypes.c_ulong(socket.AF_INET | 1 << 40)
    number = ctypes.c_long(_CALLS[platform.machine()])
    handle = libc.syscall(number, family, ctypes.c_long(socket.SOCK_STREAM), ctypes.c_long(0))
    _connected(libc, handle, tcp_port)


def child_python(tcp_port, udp_port):
    _run(sys.executable, "-I", "-c", _CHILD, str(tcp_port))


def child_shell(tcp_port, udp_port):
    bash = shutil.which("bash")
    if bash is None:
        raise FileNotFoundError
    _run(bash, "-c", f"exec 3<>/dev/tcp/{HOST}/{tcp_port}")


def double_fork(tcp_port, udp_port):
    _run("/bin/sh", "-c", f'( setsid {sys.executable} -I -c "{_CHILD}" {tcp_port} & wait $! )')


ATTEMPTS = {
    each.__name__: each
    for each in (
        tcp, tcp_without_waiting, udp, dns_query, ipv6, listens_everywhere, netlink, native_code,
        system_call, child_python, child_shell, double_fork,
    )
}  # fmt: skip


def attempted(tcp_port, udp_port):
    """Return what came of every attempt: nothing where it worked."""
    return {name: _outcome(each, tcp_port, udp_port) for name, each in ATTEMPTS.items()}


def _outcome(attempt, tcp_port, udp_port):
    try:
        attempt(tcp_port, udp_port)
    except OSError as error:
        return str(error) or type(error).__name__
    return ""


def _connected(libc, handle, port):
    if handle < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    address = struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(HOST)
    address += bytes(8)
    done = libc.connect(handle, address, len(address))
    os.close(handle)
    if done:
        raise OSError(ctypes.get_errno(), "connect")


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PermissionError(done.stderr.strip().splitlines()[-1:])


if __name__ == "__main__":
    print(json.dumps(attempted(int(sys.argv[1]), int(sys.argv[2]))))
