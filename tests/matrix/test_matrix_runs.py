"""What the matrix says of real trainings: a pass is earned, a difference is caught and named."""

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from tests.conftest import ROOT
from tests.forging import altered, well_forged
from tests.matrix.conftest import ELSEWHERE, HERE, QUICK, RUNNER, VERSION, Bench

from repro.core.jsonfile import dump_record, load_record
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile

AS_ROOT = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mmdebstrap") is None,
    reason="it takes root of Linux, and mmdebstrap",
)
# An image that is nowhere, so that what stands in for it is used.
STOOD_IN = f'runner: {RUNNER}, image: "debian:13@sha256:{"0" * 64}"'
DEBIAN = (
    f'{STOOD_IN}, python: "3.14", stand_in: chroot, suite: forky,'
    " packages: [python3.14, python3.14-venv]"
)


@pytest.fixture
def laid_out(pair, bench):
    """A bench with a copy of those two records, to damage."""
    shutil.copytree(pair[0].records, bench.records)
    bench.write(first=HERE, second=HERE)
    return bench


def verdicts(result):
    return {row["name"]: row["verdict"] for row in result.json["cells"]}


def edit(file, **metrics):
    """Change metrics in a record to what another training might have given, in every place."""
    record = load_record(file.read_bytes(), file.name, RunRecord, RecordFile)
    test = dict(record.metrics.test)
    for name, value in metrics.items():
        # The end of an interval is drawn: no prediction says what it is.
        test[name] = test[name].model_copy(update={"low": value})
    changed = record.metrics.model_copy(update={"test": test})
    file.write_bytes(dump_record(well_forged(altered(record, metrics=changed))))


def test_two_trainings_on_one_machine_are_identical(pair):
    """And it says what was compared, so that nothing passes by comparing nothing."""
    done = pair[1]
    first, second = done.json["cells"]

    assert (done.status, first["verdict"], second["verdict"]) == (0, "reference", "identical")
    assert second["way"] == "native"
    kinds = ("stage outputs", "metrics", "predictions")
    counted = [second["counted"][kind].split(" of ") for kind in kinds]
    assert all(same == total and int(total) > 10 for same, total in counted)
    assert done.err.splitlines()[:2] == [
        "[1/2] first: native, trained",
        "[2/2] second: native, trained",
    ]


def test_the_comparison_is_left_in_every_form(pair):
    report = pair[0].work / "report"
    comparison = json.loads((report / "comparison.json").read_text())
    suites = Xml.parse(report / "junit.xml").getroot()

    assert (comparison["holds"], comparison["reference"]) == (True, "first.json")
    assert [suite.get("name") for suite in suites] == ["second.json"]
    assert "second.json" in (report / "summary.md").read_text()
    assert "second.json" in (report / "report.html").read_text()


def test_a_difference_in_one_cell_is_caught_and_named(laid_out):
    """One metric of one record, changed together with all that follows from it."""
    edit(laid_out.records / "second.json", accuracy=0.5)
    done = laid_out.run("--records", laid_out.records)

    assert done.status == 1
    assert (
        "different: second: 1 of 57 metrics differ beyond the tolerance; diverges at evaluate; the"
        " worst is metrics.test.accuracy.low: 0.5, not 0."
    ) in done.out
    assert done.err.splitlines()[-1].endswith("does not hold: second")


def test_a_record_that_was_merely_edited_is_caught_too(laid_out):
    file = laid_out.records / "second.json"
    text = file.read_text()
    edited = re.sub(r'("metrics\.test\.accuracy": 0\.)\d+', r"\g<1>99", text)
    file.write_text(edited)
    done = laid_out.run("--records", laid_out.records)

    assert (edited != text, done.status, "was edited" in done.out) == (True, 1, True), done.out


def test_a_record_from_elsewhere_is_compared_beside_the_cells(laid_out):
    """Another seed is not the same experiment, and no pass."""
    laid_out.write(other=HERE)
    trained = laid_out.run("--train-only", *QUICK, "--seed", "7")
    laid_out.write(first=HERE, second=HERE)
    done = laid_out.run("--records", laid_out.records, "--json")

    assert trained.status == 0, trained.err
    assert (done.status, verdicts(done)) == (
        1, {"first": "reference", "second": "identical", "other": "incomparable"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (f'runner: {RUNNER}, python: "3.99"', f"its Python is {VERSION}, not 3.99"),
        (ELSEWHERE.replace("3.13", VERSION), f"its system is {platform.system()}, not "),
        (f"{HERE}, level: seeded", "its level is portable, not seeded"),
        (f'{STOOD_IN}, python: "{VERSION}", lock: requirements-oldest.txt', "its numpy is "),
    ],
    ids=["python", "system", "level", "lock"],
)
def test_a_record_of_another_place_is_not_taken_for_the_cells(laid_out, cell, reason):
    """It is told what was found and what was expected, and it is not compared."""
    laid_out.write(first=HERE, second=cell)
    done = laid_out.run("--records", laid_out.records)

    assert (done.status, f"failed: second: {reason}" in done.out) == (1, True), done.out
    assert not (laid_out.work / "report").exists()


def test_one_record_does_not_stand_for_two_images(laid_out):
    """Where the cells themselves are asked for."""
    stood_in = f'{STOOD_IN}, python: "{VERSION}", stand_in: interpreter'
    laid_out.write(first=stood_in, second=stood_in.replace("debian:13", "debian:12"))
    records = laid_out.records
    shutil.copy(records / "first.json", records / "second.json")
    done = laid_out.run("--records", records, "--exact")

    assert laid_out.run("--records", records).status == 0
    assert done.status == 1
    assert "failed: second: its record belongs to first, which has a different image" in done.out


def test_a_folder_is_not_shared_by_two_calls(bench):
    """The second names the first, and leaves it alone; later, the folder is free again."""
    bench.write(first=HERE, elsewhere=ELSEWHERE)
    process = bench.start("--train-only", *QUICK)
    assert "native" in process.stderr.read(len("[1/2] first: native"))
    second = bench.run("--cell", "elsewhere", "--train-only")
    process.communicate()

    assert second.status == 3
    assert f"process {process.pid} is already using {bench.work}" in second.err
    assert "--work" in second.err
    assert (process.returncode, (bench.records / "first.json").exists()) == (0, True)
    assert "already using" not in bench.run("--cell", "elsewhere", "--train-only").err


def test_a_reference_is_what_the_cells_are_held_against(laid_out):
    """One record and a reference are enough to compare."""
    reference = laid_out.records / "second.json"
    shutil.move(reference, laid_out.folder / "reference.json")
    done = laid_out.run(
        "--records", laid_out.records, "--reference", laid_out.folder / "reference.json", "--json"
    )

    assert (done.status, verdicts(done)) == (0, {"first": "identical", "second": "skipped"})


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_reference_with_the_name_of_a_record_does_not_stand_for_it(laid_out, name):
    """The cell is compared like every other one."""
    edit(laid_out.records / f"{name}.json", accuracy=0.5)
    other = "second" if name == "first" else "first"
    reference = shutil.copy(laid_out.records / f"{other}.json", laid_out.folder / f"{name}.json")
    done = laid_out.run("--records", laid_out.records, "--reference", reference, "--json")

    assert (done.status, verdicts(done)) == (1, {name: "different", other: "identical"})


def test_a_cell_that_cannot_be_trained_here_is_never_a_pass(bench):
    """It says why; and one record is too few to say anything."""
    bench.write(here=HERE, elsewhere=ELSEWHERE)
    done = bench.run(*QUICK)

    assert done.status == 3
    assert "skipped: elsewhere: the cell is Windows" in done.out
    assert done.err.splitlines()[-1] == "1 trained, 1 skipped: too few records to compare"
    assert not (bench.work / "report").exists()


def test_a_cell_that_was_asked_for_has_to_be_there(laid_out):
    """Beside two that hold."""
    laid_out.write(first=HERE, second=HERE, elsewhere=ELSEWHERE)

    assert laid_out.run("--records", laid_out.records).status == 0
    assert laid_out.run("--records", laid_out.records, "--exact").status == 3
    assert laid_out.run("--train-only", "--cell", "elsewhere").status == 3


def test_nothing_stands_in_where_the_cell_itself_is_asked_for(bench):
    """As in CI: this Python is not the cell's, and does not pass for it."""
    bench.write(here=f'runner: {RUNNER}, python: "3.99", stand_in: interpreter')
    done = bench.run("--exact", "--train-only", *QUICK)

    assert (done.status, "skipped: here: the cell is Linux" in done.out) == (3, True)


def test_a_training_that_fails_is_a_finding_and_leaves_no_record(laid_out):
    """Not even the one that an earlier call left."""
    done = laid_out.run("-p", "debug", "-m", "logistic_regression", "--max-iter", "1",
                        "-s", "safety.on_finding=fail")  # fmt: skip

    assert (done.status, [*laid_out.records.iterdir()]) == (1, [])
    assert "failed: first, second: safety.on_finding is fail, and there are findings" in done.out


def test_a_mistake_in_the_arguments_ends_it_at_once(bench):
    bench.write(first=HERE, second=HERE)
    done = bench.run("--no-such-option")

    assert (done.status, "--no-such-option" in done.err, "second" in done.err) == (2, True, False)


def test_the_summary_is_appended_to_what_is_there(laid_out):
    """With the cells that are missing, which the comparison does not know of."""
    laid_out.write(first=HERE, second=HERE, elsewhere=ELSEWHERE)
    summary = laid_out.folder / "summary.md"
    summary.write_text("Before.\n")
    laid_out.run("--records", laid_out.records, "--summary", summary)
    text = summary.read_text()

    assert text.startswith("Before.\n")
    assert ("| second.json |" in text, "- elsewhere: skipped: there is no" in text) == (True, True)


def test_an_interruption_leaves_no_process(bench):
    """Nor a record."""
    bench.write(first=HERE, second=HERE)
    process = bench.start("credit", "-p", "thorough")
    folder = str(bench.work / "cells")
    assert "native" in process.stderr.read(len("[1/2] first: native"))
    wait_for(lambda: processes(folder, "repro"))
    process.send_signal(signal.SIGINT)

    assert process.wait(300) == 130
    assert (processes(folder, ""), bench.records.exists()) == ([], False)


@AS_ROOT
@pytest.mark.parametrize("impatient", [False, True])
def test_an_interruption_leaves_no_tree(bench, tmp_path, impatient):
    """In the middle of a Debian's unpacking, by somebody who may press Ctrl-C until it ends."""
    bench.write(debian=DEBIAN)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = bench.start("--cell", "debian", *QUICK, TMPDIR=str(temporary))
    trees = bench.work / "trees"
    wait_for(lambda: process.poll() is not None or any(trees.glob("*/var/lib/dpkg/info/*")))
    if process.poll() is not None:
        pytest.skip("no mirror of Debian answers here")
    process.send_signal(signal.SIGINT)
    while impatient and process.poll() is None:
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)

    assert process.wait(300) == 130
    assert (processes(str(trees), ""), [*trees.iterdir()], [*temporary.iterdir()]) == ([], [], [])
    assert str(bench.work) not in Path("/proc/mounts").read_text()


@AS_ROOT
def test_a_mirror_that_does_not_answer_is_told_with_the_next_step(bench):
    bench.write(debian=DEBIAN)
    done = bench.run(*QUICK, http_proxy="http://127.0.0.1:9")

    assert (done.status, [*(bench.work / "trees").iterdir()]) == (3, [])
    assert "mmdebstrap failed: E: Failed to fetch http://" in done.out
    assert "(next: check the network, http_proxy" in done.out


def test_an_index_that_does_not_answer_is_told_with_the_next_step(bench):
    bench.write(here=f'{STOOD_IN}, python: "{VERSION}", stand_in: interpreter')
    unreachable = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_FIND_LINKS": None}
    done = bench.run(*QUICK, PIP_CONFIG_FILE=os.devnull, PIP_RETRIES="0", **unreachable)

    assert done.status == 3
    assert "pip failed: ERROR: Could not find a version that satisfies" in done.out
    assert "(next: check the network, http_proxy" in done.out


@AS_ROOT
@pytest.mark.parametrize(
    ("cell", "size", "status"), [("here", "64k", 1), ("debian", "20m", 3)], ids=["run", "tree"]
)
def test_a_full_disk_is_told_with_the_next_step(bench, cell, size, status):
    """A small disk of its own; what there was no room for is gone from it."""
    bench.write(here=HERE, debian=DEBIAN)
    bench.work.mkdir()
    mounted = 'mount -t tmpfs -o size="$0" none "$1" && shift && "$@"; echo "$? $(ls "$TREES")"'
    words = [sys.executable, *bench.arguments("--cell", cell, *QUICK)]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted, size, bench.work, *words],
        env={**os.environ, "TREES": str(bench.work / "trees")},
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    if cell == "debian" and "network" in done.stdout:
        pytest.skip("no mirror of Debian answers here")

    assert done.stdout.splitlines()[-1].strip() == str(status), done.stdout
    assert "(next: free some space, or choose a different disk with --work)" in done.stdout


def test_a_cell_is_trained_by_the_python_that_it_names_or_not_at_all(bench):
    """And not by the one that runs the matrix."""
    bench.write(other=f'runner: {RUNNER}, python: "3.99", stand_in: interpreter')
    done = bench.run(*QUICK)

    assert (done.status, bench.records.exists()) == (3, False)
    assert "no Python 3.99 with venv is installed" in done.out


@AS_ROOT
@pytest.mark.parametrize(
    ("cell", "python"),
    [
        (f'{STOOD_IN}, python: "3.12", stand_in: interpreter', "3.12"),
        (
            f'{STOOD_IN}, python: "3.13", stand_in: chroot, suite: trixie,'
            " packages: [python3, python3-venv]",
            "3.13",
        ),
        (DEBIAN, "3.14"),
    ],
    ids=["python3.12", "trixie", "forky"],
)
def test_another_python_and_another_debian_agree_with_this_one(request, tmp_path, cell, python):
    """Real stand-ins, kept in pytest's cache; then one is interrupted, and nothing is left."""
    if getattr(request.config, "cache", None) is None:
        pytest.skip("pytest keeps no cache here, and making a Debian takes long")
    bench = Bench(tmp_path, Path(request.config.cache.mkdir(f"matrix-{python}")))
    bench.write(here=HERE, other=cell)
    done = bench.run("--json", *QUICK)
    here, other = done.json["cells"]
    if other["verdict"] == "skipped":
        pytest.skip(other["reason"])

    assert (done.status, here["verdict"], other["verdict"]) == (0, "reference", "identical")
    assert other["python"].startswith(f"{python}.")

    folder = bench.work / "cells" / "other"
    trees, child = bench.work / "trees", "repro.execution.child"
    interrupt(bench, lambda: inside(trees) or processes(str(folder), child))
    # The environment, which took longest, is put back for the next time.
    (folder / "venv").rename(folder / "kept")
    interrupt(bench, lambda: any(folder.glob("venv/lib/*/site-packages/numpy")))

    assert not (folder / "venv").exists()
    (folder / "kept").rename(folder / "venv")


def test_the_oldest_versions_that_are_declared_still_do(request, tmp_path):
    """Another scikit-learn, NumPy, SciPy and pandas: other bits, and no other result."""
    if getattr(request.config, "cache", None) is None:
        pytest.skip("pytest keeps no cache here, and fetching packages takes long")
    bench = Bench(tmp_path, Path(request.config.cache.mkdir("matrix-oldest")))
    lock = "lock: requirements-oldest.txt, level: portable-v2"
    oldest = f'{STOOD_IN}, python: "3.11", stand_in: interpreter, {lock}'
    bench.write(here=HERE, oldest=oldest)
    done = bench.run("--json", *QUICK)
    here, other = done.json["cells"]
    if other["verdict"] == "skipped":
        pytest.skip(other["reason"])

    assert (done.status, here["verdict"], other["verdict"]) == (0, "reference", "equivalent")
    record = load_record(
        (bench.records / "oldest.json").read_bytes(), "oldest", RunRecord, RecordFile
    )
    found = record.environment.packages
    assert {f"{name}=={found[name]}" for name in ("numpy", "scikit-learn", "scipy", "pandas")} < {
        line.split()[0] for line in (ROOT / "requirements-oldest.txt").read_text().splitlines()
        if "==" in line
    }  # fmt: skip


def interrupt(bench, begun):
    """End a training that takes long, once it has come that far, and see that nothing is left."""
    process = bench.start("--cell", "other", "-p", "thorough")
    wait_for(begun)
    process.send_signal(signal.SIGTERM)

    assert process.wait(300) == 130
    assert (inside(bench.work / "trees"), processes(str(bench.work), "")) == ([], [])
    assert str(bench.work) not in Path("/proc/mounts").read_text()


def inside(folder):
    """The processes whose root is a tree in that folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/root"):
        try:
            root = path.readlink()
        except OSError:
            continue
        if root.is_relative_to(folder):
            found.append(path.parent.name)
    return found


def processes(folder, word):
    """The processes that have a folder and a word in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(folder in w for w in words) and any(word in w for w in words):
            found.append(words)
    return found


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
