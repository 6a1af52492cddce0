"""A seal where the system lacks something says so, and seals what it can."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tests import listening
from tests.sealing import SEAL, named

from repro.launch.seal import command, kernel, processes, rules
from repro.launch.seal.command import Allowed, Seal, available_seal, read_report, sealed_command

# Makes some system calls fail for itself and becomes a command: as an older kernel does, or a
# container. Of `unshare`, x86_64 and aarch64 have different numbers.
LACKING = """
import ctypes, os, struct, sys
numbers, error, command = map(int, sys.argv[1].split(",")), int(sys.argv[2]), sys.argv[3:]
seccomp = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
lines = [(0x20, 0, 0, 0)]
for number in numbers:
    lines += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | error)]
lines += [(0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
given = ctypes.create_string_buffer(struct.pack("=H6xQ", len(lines), ctypes.addressof(code)))
assert libc.syscall(ctypes.c_long(seccomp), 1, 0, given) == 0
os.execv(command[0], command)
"""
UNSHARE = {"x86_64": 272, "aarch64": 97}.get(os.uname().machine if SEAL.files else "", 0)
LANDLOCK = kernel.LANDLOCK_CREATE
ENOSYS, EPERM, EOPNOTSUPP = 38, 1, 95


def lacking(numbers, error, argv):
    """Return a command that runs where some system calls fail."""
    calls = ",".join(map(str, numbers))
    return [sys.executable, "-c", LACKING, calls, str(error), *argv]


def run(argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


def sealed(tmp_path, code, numbers, error):
    """Run Python code sealed where some system calls fail; return its output and its report."""
    report = tmp_path / "report"
    argv = sealed_command([sys.executable, "-c", code], Allowed(), report)
    done = run(lacking(numbers, error, argv))
    assert done.returncode == 0, done.stderr
    return done.stdout, read_report(report)


TRY = """
import socket
def attempt(call):
    try: print("done", call())
    except OSError as error: print(error.errno)
"""


@named
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ENOSYS, "Landlock is not in this kernel"),
        (EOPNOTSUPP, "Landlock is disabled in this kernel"),
        (EPERM, "Landlock is refused: Operation not permitted"),
    ],
)
def test_without_landlock_only_the_network_is_sealed(tmp_path, error, said):
    """The command runs, and the report says that files were not sealed."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    code = f"{TRY}\nattempt(lambda: open({str(secret)!r}).read())"
    code += "\nattempt(lambda: socket.create_connection(('192.0.2.7', 80)))"
    shown, report = sealed(tmp_path, code, [LANDLOCK], error)

    assert shown == "done x\n101\n"
    assert report.seal == Seal(files=False, network="loopback", names=True, reason=said)
    assert [(each.kind, each.name) for each in report.refusals] == [("connect", "tcp 192.0.2.7:80")]


@named
def test_without_a_network_of_its_own_landlock_refuses_tcp(tmp_path):
    """As in a container that allows no namespaces; the loopback is refused as well."""
    servers = listening.start()
    tcp, udp = servers.ports
    code = f"""{TRY}
attempt(lambda: socket.create_connection(("127.0.0.1", {tcp})))
packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt(lambda: packets.sendto(b"x", ("127.0.0.1", {udp})))
"""
    shown, report = sealed(tmp_path, code, [UNSHARE], EPERM)
    visits = servers.visits()
    servers.close()

    assert shown == "13\ndone 1\n"
    # The packet.
    assert visits == 1
    assert (report.seal.files, report.seal.network) == (True, "tcp only")
    assert report.seal.reason == "a network of its own is refused: Operation not permitted"
    assert f"tcp 127.0.0.1:{tcp}" in {each.name for each in report.refusals}
    assert not any(each.name.startswith("udp") for each in report.refusals)


@named
def test_with_neither_nothing_is_refused(tmp_path):
    """And that is said, with both reasons."""
    _, report = sealed(tmp_path, "", [LANDLOCK, UNSHARE], ENOSYS)

    assert report.seal.files is False
    assert report.seal.network == "none"
    assert report.seal.reason.count("; ") == 1
    assert report.refusals == ()


@named
def test_without_notices_files_are_sealed_and_have_no_names(tmp_path):
    """As within a sealed command, whose notices go to one supervisor alone."""
    inner, outer, secret = tmp_path / "inner", tmp_path / "outer", tmp_path / "secret"
    secret.write_text("x")
    code = f"{TRY}\nattempt(lambda: open({str(secret)!r}).read())"
    argv = sealed_command([sys.executable, "-c", code], Allowed(), inner)
    package = Path(command.__file__).parent
    wide = Allowed((package, secret, inner), (package.parent,), (inner,))
    done = run(sealed_command(argv, wide, outer))

    assert (done.returncode, done.stdout) == (0, "13\n"), done.stderr
    found = read_report(inner)
    assert (found.seal.files, found.seal.names) == (True, False)
    assert found.seal.reason.endswith("no names: notices of system calls are refused: "
                                      "Device or resource busy")  # fmt: skip
    assert found.refusals == ()


@named
def test_a_user_without_rights_has_a_network_of_its_own(tmp_path):
    """A user namespace is made where the right to make the other kind is missing."""
    # CAP_SYS_ADMIN, from linux/capability.h, is dropped for good; only root has it at all.
    drop = "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 21, 0, 0, 0)"
    drop += "; os.execv(sys.argv[1], sys.argv[1:])"
    report = tmp_path / "report"
    code = f"{TRY}\nimport os\nprint(os.getuid(), os.getgid())"
    code += "\nattempt(lambda: socket.create_connection(('192.0.2.7', 80)))"
    argv = sealed_command([sys.executable, "-c", code], Allowed(), report)
    done = run([sys.executable, "-c", drop, *argv])

    assert done.stdout == f"{os.getuid()} {os.getgid()}\n101\n"
    assert read_report(report).seal == SEAL
    assert "tcp 192.0.2.7:80" in {each.name for each in read_report(report).refusals}


@pytest.mark.parametrize("system", ["darwin", "win32", "freebsd14"])
def test_a_system_without_a_seal_says_so(monkeypatch, tmp_path, system):
    """The command runs as it is, and its report says that it was not sealed."""
    monkeypatch.setattr(command.sys, "platform", system)

    assert available_seal() == Seal(
        files=False, network="none", names=False, reason=f"repro cannot do it on {system}"
    )
    assert sealed_command(["a", "b"], Allowed(), tmp_path / "report") == ["a", "b"]
    assert read_report(tmp_path / "report").seal.reason == "the command was not started sealed"


HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"#define __NR_(\w+) (\d+)$"),
    "aarch64": ("/usr/include/asm-generic/unistd.h", r"#define __NR(?:3264)?_(\w+) (\d+)$"),
}


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_of_calls_are_those_of_the_kernel(machine):
    """As its headers define them, for the architecture that this machine does not have as well."""
    name, pattern = HEADERS[machine]
    if not Path(name).exists():
        pytest.skip(f"not installed: {name}")
    text = Path(name).read_text(encoding="utf-8")
    numbers = {call: int(number) for call, number in re.findall(pattern, text, re.MULTILINE)}
    ours = kernel.MACHINES[machine]

    assert ours.calls == {call: numbers[call] for call in ours.calls}
    assert ours.seccomp == numbers["seccomp"]
    assert processes._OPEN_PROCESS == numbers["pidfd_open"]
    assert processes._GET_FILE == numbers["pidfd_getfd"]
    assert kernel.LANDLOCK_CREATE == numbers["landlock_create_ruleset"]
    assert kernel.LANDLOCK_ADD == numbers["landlock_add_rule"]
    assert kernel.LANDLOCK_RESTRICT == numbers["landlock_restrict_self"]


def answer(program, machine, number, fifth):
    """Return what a filter answers to a call, as the kernel runs it."""
    data = struct.pack("=iIQ6Q", number, machine.audit, 0, 0, 0, 0, 0, fifth, 0)
    lines = list(struct.iter_unpack("=HBBI", program))
    at, word = 0, 0
    while True:
        code, then, otherwise, value = lines[at]
        at += 1
        if code == 0x06:
            return value
        if code == 0x20:
            word = struct.unpack_from("=I", data, value)[0]
        else:
            at += then if word == value else otherwise


@named
@pytest.mark.parametrize("name", kernel.MACHINES)
def test_the_filter_stops_at_the_calls_of_a_report_and_at_no_other(name):
    """Run by an interpreter of its instructions, for either architecture."""
    from repro.launch.seal import notices  # noqa: PLC0415 - imports what Linux alone has

    machine = kernel.MACHINES[name]
    program = notices.filter_of(machine)
    stopped = {number for number in range(600) if answer(program, machine, number, 1) != 0x7FFF0000}
    always = {number for number in range(600) if answer(program, machine, number, 0) != 0x7FFF0000}

    assert stopped == set(machine.calls.values())
    assert stopped - always == {machine.calls["sendto"]}
    foreign = machine._replace(audit=0x40000003)
    assert all(answer(program, foreign, number, 1) == 0x7FFF0000 for number in range(600))


@named
def test_rights_are_decided_by_the_folders_above(tmp_path):
    """And by the file, whichever of its names leads to it."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    (tmp_path / "a" / "other").hardlink_to(tmp_path / "file")
    found = rules.Rights([(str(tmp_path / "a"), rules.LIST), (str(tmp_path / "file"), rules.READ)])

    assert found.of(str(tmp_path)) == 0
    assert found.of(str(tmp_path / "a" / "b")) == rules.LIST
    assert found.of(str(tmp_path / "a" / "other")) == rules.LIST | rules.READ
    assert found.lacking(str(tmp_path / "file"), rules.READ | rules.WRITE) == rules.WRITE
