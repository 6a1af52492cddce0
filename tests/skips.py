"""Which tests may be skipped: counted by kind in every run, and strict where CI asks for it.

A test that is skipped everywhere tests nothing, and nobody notices. With ``--strict-skips`` a skip
fails unless its reason matches an entry of `ALLOWED` that applies to this system. A missing package
or an empty list of parameters is no such reason.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from dataclasses import dataclass

import pytest

WINDOWS = os.name == "nt"
LINUX = sys.platform == "linux"


@dataclass(frozen=True)
class Allowed:
    """A reason to skip.

    Attributes
    ----------
    kind : str
        What the system or the case lacks, under which such skips are counted.
    pattern : str
        A regular expression that the start of the reason matches.
    applies : bool
        Whether such a reason can be true on this system.
    """

    kind: str
    pattern: str
    applies: bool = True


ALLOWED = (
    # A parametrised case for which the question makes no sense.
    Allowed("case", r"a regression has neither"),
    Allowed("case", r"\S+==\S+ is what is installed"),
    Allowed("case", r"before pandas 3, str is object"),
    Allowed("case", r"the table is of scikit-learn "),
    # What an attempt to reach the network cannot do with no filter in place.
    Allowed("case", r"cannot be done at all: "),
    Allowed("platform", r"(bash reads|processes are forked|these files are POSIX's)", WINDOWS),
    Allowed("platform", r"(signals|limits of POSIX|devices and pipes of POSIX|fopen)", WINDOWS),
    Allowed(
        "platform",
        r"(no hang-ups|there is no terminal|needs a shell script|the traps are commands)",
        WINDOWS,
    ),
    Allowed("platform", r"locales and time zones by variables", WINDOWS),
    Allowed("platform", r"exec replaces a process on POSIX", WINDOWS),
    Allowed(
        "platform",
        r"(limits of the address|/proc tells|the loader of Linux|a system call of Linux)",
        not LINUX,
    ),
    Allowed(
        "platform",
        r"(file names that are no text|other systems count|the table of the Linux kernel)",
        not LINUX,
    ),
    Allowed(
        "platform",
        r"(needs a /proc file system|no /\S+ on this system|the system's files are)",
        not LINUX,
    ),
    Allowed("platform", r"(containers of these tests need|builds are tried on) Linux", not LINUX),
    Allowed("platform", r"repro cannot do it on ", not LINUX),
    Allowed("platform", r"(the cell is|a Python on this machine|a file system of a different)"),
    Allowed("platform", r"only glibc takes tunables"),
    # Which code paths there are, and which of them the processor can run.
    Allowed("processor", r"(tunables|kernels|pins|names( of| kernels of)?|CPUID\b.*) (of )?x86"),
    Allowed("processor", r"the image names code paths of x86-64"),
    Allowed("processor", r"(no x86-64-v3|this processor is|the processor has no)"),
    Allowed("processor", r"(two threads need two processors|fewer than two classes)"),
    Allowed("processor", r"(no choice of|both portable levels pin|the C library tells no)"),
    Allowed("processor", r"(another kind of processor|identical, with another C library)"),
    Allowed("processor", r"repro has no filter for "),
    Allowed("processor", r"every command is a process of its own"),
    Allowed("processor", r"(QEMU (lacks|before)|this machine cannot|\S+: this machine lacks)"),
    # Tools that no lock can bring; those of the locks are not among them.
    Allowed("tool", r"(Chromium|strace|npm|nix|docker|buildah|buildah and skopeo) (is|are) not i"),
    Allowed("tool", r"(qemu-aarch64|mmdebstrap|Python 3.13 with venv) is not installed"),
    Allowed("tool", r"(not installed: |[\w-]+( and [\w-]+)*: not installed)"),
    Allowed(
        "tool", r"(no container engine responds|no Python \S+ with venv|.* needs tools that are)"
    ),
    Allowed("tool", r"there is no (C compiler|objdump)"),
    Allowed("tool", r"\S+ is not on PATH"),
    Allowed("tool", r"(no ps,|no program that gives a terminal|no other Python)"),
    Allowed("tool", r"the system has no "),
    Allowed("tool", r"lightgbm\S* cannot be imported here: .*lib(gomp|omp)\b"),
    Allowed("rights", r"(builds of .*|a build on .*|it )?(needs?|takes) root"),
    Allowed("rights", r"only root can enter"),
    Allowed("rights", r"(file systems cannot|no file system can) be mounted"),
    Allowed("rights", r"(strace may not trace|dockerd does not start)"),
    Allowed("rights", r"(a filter of system calls|tracing a process) is not allowed"),
    Allowed("rights", r"(a thread has a filter|which sockets are open is not known)"),
    Allowed("rights", r"(seccomp|no_new_privs) (is refused|has no effect)"),
    Allowed("rights", r"(Landlock is|a network of its own is refused|no names: )"),
    Allowed("rights", r"this kernel has no Landlock"),
    Allowed("rights", r"a system on which repro cannot refuse network sockets"),
    Allowed("network", r"(no package index|no mirror|no wheels can|pip finds no wheel)"),
    Allowed("network", r"(\S+|the wheels) cannot be fetched"),
    # Its CPU build is on no index that everybody has.
    Allowed("network", r"torch cannot be imported here: .*No module named 'torch'"),
    # They would bring two dozen more packages into the lock for scripts.
    Allowed("network", r"(catboost|wandb|tensorboardX) cannot be imported here: .*No module"),
    # A cell of the matrix whose packages or system could not be brought here.
    Allowed("network", r"\S+ failed: .* \(next: "),
    Allowed("network", r"the (base cannot|environment could not) be made"),
    Allowed("cache", r"pytest keeps no cache"),
)


def kind_of(reason: str) -> str:
    """Return under which kind a skip is counted; empty if it is not allowed on this system.

    Examples
    --------
    >>> kind_of("a regression has neither scores nor margins")
    'case'
    >>> kind_of("could not import 'pyarrow': No module named 'pyarrow'")
    ''
    """
    fitting = (each for each in ALLOWED if each.applies and re.match(each.pattern, reason))
    return next((each.kind for each in fitting), "")


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Return the reason of a skip; None for anything else, such as an expected failure."""
    if report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return None
    place = report.longrepr
    reason = place[2] if isinstance(place, tuple) else str(place)
    return reason.removeprefix("Skipped: ")


def judged(config: pytest.Config, report):
    """Return a report, which is a failure if it is a skip that is not allowed and CI asked."""
    reason = reason_of(report)
    if config.getoption("strict_skips") and reason is not None and not kind_of(reason):
        report.outcome = "failed"
        report.longrepr = f"This skip is not allowed (see tests/skips.py): {reason}"
    return report


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--strict-skips", action="store_true", help="fail on a skip that tests/skips.py lacks"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    return judged(item.config, (yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    return judged(collector.config, (yield))


def pytest_terminal_summary(terminalreporter) -> None:
    reasons = [reason_of(report) for report in terminalreporter.stats.get("skipped", ())]
    counts = Counter(kind_of(reason or "") or "not allowed" for reason in reasons)
    if counts:
        shares = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
        terminalreporter.write_line(f"skipped by kind: {shares}")
