"""The program that seals a command: it forks, seals the child, and supervises it.

The child becomes the command. The parent keeps the command's place: it passes on signals, stops
when the command stops, and ends as it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import tempfile
from typing import TYPE_CHECKING, TypedDict

from . import kernel, landlock, network, notices, relay, rules
from .supervisor import Supervisor

if TYPE_CHECKING:
    from typing import NoReturn

_NOT_STARTED = 127


class Sealed(TypedDict):
    """The extent of a seal, as the report has it; `reasons` say why it is not everything."""

    files: bool
    network: str
    names: bool
    reasons: list[str]


def main(report: str, command: list[str]) -> int:
    """Seal and run a command; without one, print what can be sealed."""
    if not command:
        print(json.dumps(_tried()))  # noqa: T201 - its answer
        return 0
    with open(report, encoding="ascii") as written:  # noqa: PTH123 - quicker to start
        policy: rules.Policy = json.loads(written.readline())["allowed"]
    temporary = tempfile.mkdtemp(prefix="sealed-")
    granted = rules.granted(policy, temporary)
    own, given = socket.socketpair()
    signals = relay.block()
    # Whoever waits for the command may be killed: then nothing is left that runs on.
    kernel.library_call("prctl", kernel.PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    parent = os.getpid()
    child = os.fork()
    if not child:
        own.close()
        _become(command, granted, given, temporary, parent)
    given.close()
    _let_go({own.fileno(), signals})
    handle = os.open(report, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    supervisor, listener = _receive(own, handle, granted)
    return _supervise(relay.Relay(child, signals), supervisor, listener, temporary)


def _tried() -> Sealed:
    """Seal a child that does nothing, and return what was sealed."""
    own, given = socket.socketpair()
    child = os.fork()
    if not child:
        sealed, listener = _seal([])
        _send(given, sealed, listener)
        os._exit(0)
    given.close()
    data, handles, _, _ = socket.recv_fds(own, 1 << 16, 1)
    for handle in handles:
        os.close(handle)
    os.waitpid(child, 0)
    found: Sealed = json.loads(data)
    return found


def _seal(granted: list[tuple[str, int]]) -> tuple[Sealed, int | None]:
    """Seal this process as far as the system can; return how far, and the listener of notices."""
    sealed = Sealed(files=False, network="none", names=False, reasons=[])
    reasons = sealed["reasons"]
    refused = network.can_enter()
    if refused:
        reasons.append(refused)
    else:
        network.enter()
        sealed["network"] = "loopback"
    kernel.library_call("prctl", kernel.NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    try:
        landlock.version()
        if refused and landlock.has_tcp():
            sealed["network"] = "tcp only"
        elif refused:
            reasons.append("Landlock has no rules for TCP in this kernel")
        landlock.restrict(granted, tcp=sealed["network"] == "tcp only")
        sealed["files"] = True
        reasons += landlock.gaps()
    except OSError as error:
        reasons.append(error.strerror or "Landlock failed")
        sealed["network"] = "none" if refused else "loopback"
    listener = None
    machine = kernel.this_machine()
    if machine is None:
        reasons.append(f"no names: repro has no filter for {os.uname().machine}")
    else:
        try:
            listener = notices.install(machine)
            sealed["names"] = True
        except OSError as error:
            reasons.append(f"no names: notices of system calls are refused: {error.strerror}")
    return sealed, listener


def _send(to: socket.socket, sealed: Sealed, listener: int | None) -> None:
    handles = [] if listener is None else [listener]
    socket.send_fds(to, [json.dumps(sealed).encode()], handles)


def _become(
    command: list[str],
    granted: list[tuple[str, int]],
    given: socket.socket,
    temporary: str,
    parent: int,
) -> NoReturn:
    """Seal this process and become the command."""
    status = _NOT_STARTED
    try:
        kernel.library_call("prctl", kernel.PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(status)
        environ = {**os.environ, "TMPDIR": temporary}
        sealed, listener = _seal(granted)
        _send(given, sealed, listener)
        relay.restore()
        os.execve(command[0], command, environ)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(2, f"could not be started: {error.strerror}\n".encode())
    finally:
        os._exit(status)


def _let_go(kept: set[int]) -> None:
    """Close what the caller opened: a pipe ends when the command closes it."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    for handle in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - names alone
        if handle > 2 and handle not in kept:
            # The folder itself was open while it was listed.
            with contextlib.suppress(OSError):
                os.close(handle)


def _receive(
    own: socket.socket, report: int, granted: list[tuple[str, int]]
) -> tuple[Supervisor | None, int | None]:
    """Return the supervisor of a child that was sealed, and its listener, if names are known."""
    data, handles, _, _ = socket.recv_fds(own, 1 << 16, 1)
    own.close()
    if not data:
        return None, None
    sealed: Sealed = json.loads(data)
    os.write(report, json.dumps({"sealed": sealed}).encode() + b"\n")
    machine = kernel.this_machine()
    if not handles or machine is None:
        return None, None
    rights = rules.Rights(granted) if sealed["files"] else None
    listener = notices.Listener(handles[0])
    return Supervisor(machine, listener, report, sealed["network"], rights), handles[0]


def _supervise(
    running: relay.Relay, supervisor: Supervisor | None, listener: int | None, temporary: str
) -> int:
    """Answer notices until the command ends; then end as it did."""
    polled = select.poll()
    polled.register(running.handle, select.POLLIN)
    if listener is not None:
        polled.register(listener, select.POLLIN)
    while running.status is None:
        for handle, found in polled.poll():
            if handle == running.handle:
                running.forward()
            elif supervisor is not None and not _answer(supervisor, found):
                polled.unregister(handle)
    _leave(supervisor, listener, temporary)
    return running.ending()


def _answer(supervisor: Supervisor, found: int) -> bool:
    """Answer a notice; return whether more can come. Without one, receiving would block."""
    if found & select.POLLIN:
        supervisor.answer()
        return True
    return False


def _leave(supervisor: Supervisor | None, listener: int | None, temporary: str) -> None:
    """Remove the temporary folder; from a process of its own if children of the command run on."""
    import shutil  # noqa: PLC0415 - slow to import

    polled = select.poll()
    if listener is not None:
        polled.register(listener, select.POLLIN)
    left = not any(found & select.POLLHUP for _, found in polled.poll(0))
    if supervisor is None or listener is None or not left:
        shutil.rmtree(temporary, ignore_errors=True)
    elif not os.fork():
        os.setsid()
        while all(_answer(supervisor, found) for _, found in polled.poll()):
            pass
        shutil.rmtree(temporary, ignore_errors=True)
        os._exit(0)
