"""What `repro compare` costs over many records: whole processes, in turn.

    python benchmarks/comparing.py [--records N] [--rounds N]

The records are the committed reference with other bits in every prediction, in the outputs of two
stages and in the binding, each its own: the most work that a set can be. Beside each command is a
process that does no more than parse the same files, and RFC 8785 by its library alone.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.record_v1 import RecordFile

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
REFERENCE = ROOT / "reference" / "credit.json"
REPRO = str(Path(sys.executable).with_name("repro"))
PARSE = "import json, sys; [json.load(open(name)) for name in sys.argv[1:]]"
LIBRARY = "import json, rfc8785, sys; [rfc8785.dumps(json.load(open(n))) for n in sys.argv[1:]]"
ENCODED = (
    "import json, sys; from repro.core.canonical import canonical_json;"
    "[canonical_json(json.load(open(name))) for name in sys.argv[1:]]"
)


def another(record, number):
    noise = random.Random(number)

    def moved(row):
        """Return the row with other bits in its score, and the margin that follows from it."""
        (score,) = row.scores
        score *= 1 + noise.uniform(-1, 1) * 1e-15
        margin = abs(score - record.threshold.threshold)
        return row.model_copy(update={"scores": (score,), "margin": margin})

    rows = tuple(map(moved, record.predictions.rows))
    stages = record.stages.stages
    made = {name for stage in stages if stage.name in {"fit", "predict"} for name in stage.outputs}

    def changed(digests):
        return {k: f"{v[:-8]}{number:08x}" if k in made else v for k, v in digests.items()}

    stages = tuple(
        stage.model_copy(
            update={"inputs": changed(stage.inputs), "outputs": changed(stage.outputs)}
        )
        for stage in stages
    )
    # Without a fingerprint, as a record of another processor: other bits are not a finding.
    environment = record.environment.model_copy(update={"fingerprint": None, "bits": None})
    return bound(
        record.model_copy(
            update={
                "predictions": record.predictions.model_copy(update={"rows": rows}),
                "stages": record.stages.model_copy(update={"stages": stages}),
                "environment": environment,
            }
        )
    )


def make(folder, count):
    """Write as many records into a folder; return their names."""
    record = load_record(REFERENCE.read_bytes(), REFERENCE.name, RecordFile)
    names = [str(Path(folder, f"{number:04}.json")) for number in range(count)]
    for number, name in enumerate(names):
        Path(name).write_bytes(dump_record(another(record, number)))
    return names


def run(command):
    """Return seconds and the greatest resident size in bytes."""
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command[:3]
    scale = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - started, used.ru_maxrss * scale


def pair(name, ours, theirs, rounds):
    found = [(run(ours), run(theirs)) for _ in range(rounds)]
    seconds = [statistics.median(side[0] for side in sides) for sides in zip(*found, strict=True)]
    ratios = [left[0] / right[0] for left, right in found]
    memory = max(left[1] for left, _ in found) / 1e9
    print(
        f"| {name} | {seconds[0]:.2f} s | {seconds[1]:.2f} s | {statistics.median(ratios):.2f} |"
        f" {min(ratios):.2f} to {max(ratios):.2f} | {memory:.2f} GB |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names = make(folder, asked.records)
        page = str(Path(folder, "page.html"))
        print("| command | repro | beside it | ratio | range | memory |")
        print("|---|---:|---:|---:|---:|---:|")
        compare, parse = [REPRO, "compare", str(REFERENCE), *names], [sys.executable, "-c", PARSE]
        pair("`compare` / parsing", compare, [*parse, *names], asked.rounds)
        report = [*compare, "--report", page]
        pair("`compare --report` / parsing", report, [*parse, *names], asked.rounds)
        pair("`compare --json` / parsing", [*compare, "--json"], [*parse, *names], asked.rounds)
        ours, library = ([sys.executable, "-c", code, *names] for code in (ENCODED, LIBRARY))
        pair("canonical JSON / by the library alone", ours, library, asked.rounds)
        print(f"\nThe page has {Path(page).stat().st_size / 1e6:.2f} MB.")


if __name__ == "__main__":
    main()
