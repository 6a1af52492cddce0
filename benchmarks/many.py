"""What a list of runs and a comparison of records cost by their number."""

import subprocess
import time

from copies import copy_runs
from sides import HERE, PYTHON, REPRO, ROOT, Side, pair

READ_RUNS = """\
import json, pathlib, sys
for run in pathlib.Path(sys.argv[1]).iterdir():
    if run.is_dir():
        [json.loads((run / name).read_bytes()) for name in ("lineage.json", "metrics.json")]
"""
PARSE = "import json, sys; [json.load(open(name)) for name in sys.argv[1:]]"
MAKE = "import sys; from comparing import make; make(sys.argv[1], int(sys.argv[2]))"
# Files as young as this are not in an index, because their times could not show a change.
SETTLED = 4


def runs(bench):
    """Lists of more and more runs: the first, without an index, and a later one."""
    run, folder = bench.a_run(), bench.folder / "many"
    for count in (10, 100) if bench.quick else (10, 100, 1_000, 10_000):
        copy_runs(run, folder, count)
        time.sleep(SETTLED)
        index = folder / ".index.json"
        listing = [REPRO, "runs", "list", "--runs", str(folder)]
        right = Side([PYTHON, "-c", READ_RUNS, str(folder)])
        first = Side(listing, before=lambda index=index: index.unlink(missing_ok=True))
        for curve, left in (("runs, first time", first), ("runs, again", Side(listing))):
            name = f"`repro runs list`, {curve.partition(', ')[2]} / parsing, {count:,} runs"
            yield pair("runs", name, left, right, bench.rounds, curve=curve, size=count)
        if index.exists():
            bench.note("runs", f"{count:,} runs: `.index.json` has {index.stat().st_size:,} bytes.")


def records(bench):
    """Comparisons of the reference with more and more records that all differ."""
    folder = bench.folder / "records"
    folder.mkdir()
    counts = (2, 10) if bench.quick else (2, 10, 100, 1_000)
    subprocess.run([PYTHON, "-c", MAKE, str(folder), str(counts[-1])], cwd=HERE, check=True)
    names = sorted(str(path) for path in folder.iterdir())
    for count in counts:
        compare = [REPRO, "compare", str(ROOT / "reference" / "credit.json"), *names[:count]]
        parse = [PYTHON, "-c", PARSE, *names[:count]]
        name = f"`repro compare` / parsing, {count:,} records"
        sides = Side(compare), Side(parse)
        yield pair("records", name, *sides, bench.rounds, curve="records", size=count)
