"""Standing in for a child: its signals, its stops and its end."""

from __future__ import annotations

import ctypes
import os
import signal
import struct

from . import kernel

# The kernel sends these to the whole group of a terminal, the command included.
_OF_TERMINAL = {
    signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP,
    signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH, signal.SIGCONT,
}  # fmt: skip
# Those of this process's own faults, and those that nobody can block.
_OWN = {
    signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS,
    signal.SIGKILL, signal.SIGSTOP,
}  # fmt: skip
_BY_KERNEL = 0x80
# struct signalfd_siginfo: number, error, code, and what is not needed.
_INFORMATION = struct.Struct("=Iii116x")
# A set of signals of the C library is not longer.
_SET = 128


def block() -> int:
    """Block the signals of this process; return the descriptor from which they are read."""
    relayed = signal.valid_signals() - _OWN
    signal.pthread_sigmask(signal.SIG_BLOCK, relayed)
    bits = sum(1 << (each - 1) for each in relayed)
    buffer = ctypes.create_string_buffer(bits.to_bytes(_SET, "little"), _SET)
    flags = os.O_CLOEXEC | os.O_NONBLOCK
    return int(ctypes.CDLL(None).signalfd(-1, buffer, flags))


def restore() -> None:
    """Undo `block`, and what Python changes, in the child."""
    for each in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, _INHERITED)


_INHERITED = signal.pthread_sigmask(signal.SIG_BLOCK, ())


class Relay:
    """A child for which this process stands.

    Parameters
    ----------
    child : int
        Its id.
    handle : int
        What `block` returned.

    Attributes
    ----------
    status : int or None
        The status with which it ended, as ``waitpid`` gives it.
    """

    def __init__(self, child: int, handle: int) -> None:
        self.handle = handle
        self.status: int | None = None
        self._child = child
        # Orphans stay below this process: Yama closes the memory of all others.
        kernel.library_call("prctl", kernel.CHILD_SUBREAPER, 1, 0, 0, 0)

    def forward(self) -> None:
        """Take the signals that wait: the ends of children are noted, the others passed on."""
        while True:
            try:
                data = os.read(self.handle, _INFORMATION.size)
            except BlockingIOError:
                return
            number, _, code = _INFORMATION.unpack(data)
            if number == signal.SIGCHLD:
                self._reap()
            elif (code != _BY_KERNEL or number not in _OF_TERMINAL) and self.status is None:
                os.kill(self._child, number)

    def ending(self) -> int:
        """Return the exit status of the command; if a signal ended it, end by the same."""
        status = self.status or 0
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            import resource  # noqa: PLC0415 - needed by a crash alone

            # The command has written its core already.
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if number != signal.SIGKILL:
                signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        return os.waitstatus_to_exitcode(status)

    def _reap(self) -> None:
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return
            if not process:
                return
            if process == self._child and os.WIFSTOPPED(status):
                # Whoever waits for this process sees the stop; SIGCONT is passed on.
                os.kill(os.getpid(), signal.SIGSTOP)
            elif process == self._child:
                self.status = status
