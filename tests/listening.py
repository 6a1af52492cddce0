"""Servers of a test on this machine, which count who comes."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Servers:
    """A TCP and a UDP server; what arrives waits until it is counted."""

    tcp: socket.socket
    udp: socket.socket

    @property
    def ports(self) -> tuple[str, str]:
        return str(self.tcp.getsockname()[1]), str(self.udp.getsockname()[1])

    def visits(self) -> int:
        """Count, and forget, the connections and packets since the last time."""
        return _count(self._accepted) + _count(lambda: self.udp.recv(1000))

    def _accepted(self) -> None:
        self.tcp.accept()[0].close()

    def close(self) -> None:
        self.tcp.close()
        self.udp.close()


def start() -> Servers:
    tcp = socket.create_server(("127.0.0.1", 0), backlog=1000)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    for each in (tcp, udp):
        each.setblocking(False)
    return Servers(tcp, udp)


def _count(receive) -> int:
    number = 0
    while True:
        try:
            receive()
        except BlockingIOError:
            return number
        number += 1
