"""What is chosen on each processor of the bench, and that nothing else changes on it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.cpu_bench import bench

HERE = Path(__file__).parent
BENCH = Path(bench.__file__).parent
CHOSEN = HERE / "chosen.py"
DIGEST = HERE / "digest.py"
NEHALEM = bench.by_name("nehalem")
SKIPPED = 77

# OpenBLAS has a kernel of its own for Zen that some builds leave out for Haswell's; and, likewise,
# Cooperlake's for SkylakeX's where there is bfloat16.
KERNELS = {
    "nehalem": {"Nehalem"},
    "sandybridge": {"Sandybridge"},
    "haswell": {"Haswell"},
    "epyc": {"Zen", "Haswell"},
    "zen3": {"Zen", "Haswell"},
    "skylake-x": {"SkylakeX"},
    "icelake": {"SkylakeX"},
    "zen4": {"Cooperlake", "SkylakeX"},
}
SIMD = {
    "v2": [],
    "v3": ["X86_V3"],
    "v4": ["X86_V3", "X86_V4"],
}
ICELAKE_SIMD = {"icelake", "zen4"}

cpus = pytest.mark.parametrize("cpu", bench.CPUS, ids=lambda cpu: cpu.name)


def rows(text: str) -> set[str]:
    """Return what a table lists, but for the leaf whose answers are the machine's."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return {" ".join(line) for line in lines if line and int(line[0], 16) != 0xD}


def signatures(text: str) -> list[str]:
    """Return family, model and stepping, as often as they are listed."""
    return [line.split()[2] for line in text.splitlines() if line.startswith("00000001")]


@cpus
def test_libraries_choose_what_the_processor_is_good_for(cpu, on):
    result = on(cpu, CHOSEN)

    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["simd"] == SIMD[cpu.level] + ["AVX512_ICL"] * (cpu.name in ICELAKE_SIMD)
    assert f"X86_{cpu.level.upper()}" in found["exp"]
    assert found["libm"] == ([] if cpu.level == "v2" else ["FMA", "AVX2"])
    assert len(found["blas"]) == 2
    assert set(found["blas"]) <= KERNELS[cpu.name]


@pytest.mark.parametrize("way", ["faulting", "breakpoints"])
def test_either_way_chooses_the_same(way, folder, mask, on, run):
    forced = bench.Mask(folder, way)
    if reason := forced.reason_to_skip(NEHALEM):
        pytest.skip(reason)

    result = run(*forced.command(NEHALEM, [sys.executable, str(CHOSEN), "exec"]))

    assert forced.how(NEHALEM) == way
    assert result.stdout
    assert result.stdout == on(NEHALEM, CHOSEN).stdout


@cpus
def test_cpuid_answers_what_the_table_lists(cpu, mask, run):
    if reason := mask.reason_to_skip(cpu):
        pytest.skip(reason)

    shown = run(*mask.command(cpu, [str(mask.helper), "--dump"]))

    assert rows(cpu.table.read_text()) == rows(shown.stdout)


@pytest.mark.parametrize("where", ["thread", "fork", "spawn", "forkserver", "subprocess", "exec"])
def test_threads_children_and_new_programs_are_on_the_processor_too(where, on):
    result = on(NEHALEM, CHOSEN, where)

    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["blas"] == ["Nehalem"] * 2
    assert (found["simd"], found["libm"]) == ([], [])


def test_descendants_of_a_shell_are_on_the_processor_too(mask, run):
    script = '"$0" --dump; ("$0" --dump) & wait; exec "$0" --dump'

    result = run(*mask.command(NEHALEM, ["sh", "-c", script, str(mask.helper)]))

    assert signatures(result.stdout) == signatures(NEHALEM.table.read_text()) * 3
    assert signatures(result.stdout) != signatures(run(mask.helper, "--dump").stdout) * 3


def test_on_its_own_processor_a_machine_computes_what_it_computes_without(mask, run):
    own = mask.machine()

    plain = run(sys.executable, DIGEST)
    masked = run(*mask.command(own, [sys.executable, str(DIGEST)]))

    assert plain.stdout
    assert plain.stdout == masked.stdout
    assert (
        run(sys.executable, CHOSEN).stdout
        == run(*mask.command(own, [sys.executable, str(CHOSEN)])).stdout
    )


def test_processors_of_different_levels_compute_different_bits(on):
    results = {on(bench.by_name(name), DIGEST).stdout for name in ("nehalem", "haswell")}

    assert len(results) == 2
    assert "" not in results


@pytest.mark.parametrize("name", ["nehalem", "haswell"])
@pytest.mark.parametrize("program", [CHOSEN, DIGEST], ids=["choice", "arithmetic"])
def test_emulation_agrees(name, program, on, run):
    cpu = bench.by_name(name)
    emulation = bench.Emulation()
    if reason := emulation.reason_to_skip(cpu):
        pytest.skip(reason)

    emulated = run(*emulation.command(cpu, [sys.executable, str(program)]))

    assert emulated.returncode == 0, emulated.stderr
    assert emulated.stdout == on(cpu, program).stdout


@pytest.mark.parametrize("status", [0, 1, 77, 255])
def test_exit_status_is_passed_on(status, mask, run):
    assert run(*mask.command(NEHALEM, ["sh", "-c", f"exit {status}"])).returncode == status


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTRAP", "SIGTERM", "SIGABRT"])
def test_end_by_a_signal_is_passed_on(name, mask, run):
    number = getattr(signal, name)

    assert run(*mask.command(NEHALEM, ["sh", "-c", f"kill -{number:d} $$"])).returncode == -number


@pytest.mark.parametrize("name", ["SIGTRAP", "SIGSEGV", "SIGUSR1", "SIGCHLD"])
def test_signals_that_a_command_handles_reach_it(name, on):
    code = (
        "import os, signal, sys\n"
        f"signal.signal(signal.{name}, lambda *_: sys.exit(9))\n"
        f"os.kill(os.getpid(), signal.{name})\n"
        "signal.pause()"
    )

    assert on(NEHALEM, "-c", code).returncode == 9


def test_a_command_that_is_not_there_is_127(mask, run):
    result = run(*mask.command(NEHALEM, ["no-such-command"]))

    assert result.returncode == 127
    assert "no-such-command" in result.stderr


WAITING = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
signal.signal(signal.SIGINT, lambda *_: sys.exit(6))
print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def waiting(mask):
    """Start a command that waits for a signal; return the helper's process and its number."""
    argv = mask.command(NEHALEM, [sys.executable, "-c", WAITING])
    with subprocess.Popen(argv, stdout=subprocess.PIPE, encoding="utf-8") as helper:
        yield helper, int(helper.stdout.readline())
        helper.kill()


def state(pid: int) -> str:
    """Return the state of a process as the system writes it; that of a zombie for none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def within(seconds: float, condition) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 5), ("SIGINT", 6)])
def test_a_signal_to_the_helper_reaches_the_command(name, status, waiting):
    helper, _ = waiting

    helper.send_signal(getattr(signal, name))

    assert helper.wait(10) == status


def test_a_killed_helper_takes_the_command_with_it(waiting):
    helper, pid = waiting

    helper.kill()

    assert within(10, lambda: state(pid) == "Z")


def test_a_stopped_command_stays_stopped_until_it_is_continued(waiting):
    helper, pid = waiting
    # "T" is stopped, "t" stopped and followed.
    os.kill(pid, signal.SIGSTOP)
    assert within(10, lambda: state(pid) in "Tt")
    time.sleep(0.2)
    assert state(pid) in "Tt"
    os.kill(pid, signal.SIGCONT)
    assert within(10, lambda: state(pid) == "S")
    os.kill(pid, signal.SIGTERM)
    assert helper.wait(10) == 5


def test_a_promised_feature_that_the_machine_lacks_is_named(mask, run, tmp_path):
    own = mask.machine().table.read_text().splitlines()
    # Knights Mill's alone.
    promised = [line if not line.startswith("00000007  0") else with_4vnniw(line) for line in own]
    table = tmp_path / "promising.txt"
    table.write_text("\n".join(promised))
    cpu = bench.Cpu("promising", "v4", table)

    assert mask.reason_to_skip(cpu) == f"{table}: this machine lacks AVX512-4VNNIW"
    assert run(*mask.command(cpu, ["true"])).returncode == SKIPPED


def with_4vnniw(line: str) -> str:
    *others, edx = line.split()
    return " ".join([*others, f"{int(edx, 16) | 4:x}"])


@pytest.mark.parametrize("text", ["", "0 - 1 2 3", "0 - 1 2 3 4 5", "0 x 1 2 3 4"])
def test_what_is_no_table_is_an_error(text, mask, run, tmp_path):
    table = tmp_path / "table.txt"
    table.write_text(text + "\n")

    result = run(*mask.command(bench.Cpu("none", "v2", table), ["true"]))

    assert result.returncode == 125
    assert str(table) in result.stderr


# The bytes of CPUID, 0F A2, are also those of a constant: only the instruction may be touched.
PROGRAM = """
#include <cpuid.h>
#include <stdio.h>
int main(void)
{
    unsigned a, b, c, d, constant;
    __asm__ volatile("movl $0x12a20f34, %0" : "=r"(constant));
    __cpuid(1, a, b, c, d);
    printf("%x %x\\n", constant, a);
    return 0;
}
"""


@pytest.fixture
def program(tmp_path):
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    subprocess.run(["cc", "-O2", "-o", tmp_path / "program", source], check=True)
    return tmp_path / "program"


def test_bytes_that_are_no_instruction_are_left_alone(program, mask, run):
    result = run(*mask.command(NEHALEM, [str(program)]))

    assert result.stdout == "12a20f34 106a5\n"


def test_places_found_once_are_remembered(program, run, tmp_path):
    mask = bench.Mask(tmp_path / "bench", "breakpoints")
    if reason := mask.reason_to_skip(NEHALEM):
        pytest.skip(reason)
    argv = mask.command(NEHALEM, [str(program)])
    (tmp_path / "empty").mkdir()

    without = run(*argv, PATH=str(tmp_path / "empty"))
    found = run(*argv)
    again = run(*argv, PATH=str(tmp_path / "empty"))

    assert without.returncode == SKIPPED
    assert "objdump" in without.stderr
    assert found.returncode == again.returncode == 0
    assert found.stdout == again.stdout


def test_the_helper_compiles_without_a_warning(tmp_path):
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    sources = sorted(map(str, BENCH.glob("*.c")))
    flags = ["-O2", "-Wall", "-Wextra", "-Werror"]

    done = subprocess.run(
        ["cc", *flags, "-o", tmp_path / "cpumask", *sources], capture_output=True, check=False
    )

    assert done.stderr.decode() == ""


def test_a_copy_of_a_library_is_not_searched_again(tmp_path, run):
    """Its build id is known: an environment made anew has the same libraries in other places."""
    mask = bench.Mask(tmp_path / "bench", "breakpoints")
    if reason := mask.reason_to_skip(NEHALEM):
        pytest.skip(reason)
    known = tmp_path / "bench" / "sites"
    counts = []
    for name in ("first", "second"):
        program = tmp_path / name
        shutil.copy(mask.helper, program)
        shown = run(*mask.command(NEHALEM, [str(program), "--dump"]))
        assert rows(NEHALEM.table.read_text()) == rows(shown.stdout)
        counts.append(len(list(known.iterdir())))

    assert counts[0] == counts[1] > 0
    assert any(path.name.startswith("id-") and path.read_text() for path in known.iterdir())
