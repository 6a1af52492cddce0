"""Every comparison of `repro` with other tools and plain scripts, side by side in one go.

    python benchmarks/bench.py [--only NAME ...] [--rounds N] [--quick] [--large]

Both sides of a row run in turn, A B A B, as whole processes. Elapsed time, processor time and the
greatest memory of each are written to RESULTS.md, results.json and plots. Comparisons that are left
out keep the results that they have; each says when, and on what, it was made.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from commands import commands
from hashing import hashing
from many import records, runs
from results import circumstances, read, table_row, write
from sides import HERE, REPRO, ROOT
from trackers import trackers
from trainings import by_columns, by_rows, shipped

COMPARISONS = {
    "rows": by_rows,
    "columns": by_columns,
    "shipped": shipped,
    "trackers": trackers,
    "commands": commands,
    "hashing": hashing,
    "runs": runs,
    "records": records,
}


class Bench:
    """How much is measured, a folder for it, and what was noted beside the rows."""

    def __init__(self, asked, folder):
        self.rounds = asked.rounds or (1 if asked.quick else 3)
        self.quick, self.large, self.folder = asked.quick, asked.large, folder
        self.notes, self.seeds = {}, None
        self._run = None

    def a_run(self):
        """Return the folder of a small run, which is trained once."""
        if self._run is None:
            source = self.folder / "source"
            train = [REPRO, "train", "breast_cancer", "--json", "--runs", str(source)]
            done = subprocess.run(train, cwd=ROOT, check=True, capture_output=True, text=True)
            self._run = source / json.loads(done.stdout)["run_id"]
        return self._run

    def note(self, comparison, text):
        """Keep a line that stands below the table of a comparison."""
        self.notes.setdefault(comparison, []).append(text)


def measure(bench, names, output):
    """Run the comparisons, and write all results after each row."""
    for name in names:
        about = circumstances(bench)
        print(f"\n{name} (load {about['load']})", flush=True)
        about |= {"rows": [], "notes": bench.notes.setdefault(name, []), "complete": False}
        for row in COMPARISONS[name](bench):
            print(table_row(row), flush=True)
            about["rows"].append(row.plain())
            _keep(output, name, about)
        _keep(output, name, about | {"complete": True})


def _keep(output, name, about):
    found = read(output) | {name: about}
    write(output, {each: found[each] for each in COMPARISONS if each in found})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", action="extend", choices=COMPARISONS, metavar="NAME",
                        help=f"of {', '.join(COMPARISONS)}")  # fmt: skip
    parser.add_argument("--rounds", type=int, help="by default 3; 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="small sizes, into build/bench")
    parser.add_argument("--large", action="store_true", help="also a table of 1,000,000 rows")
    parser.add_argument("--output", type=Path, help="folder of the results")
    asked = parser.parse_args()
    if asked.rounds is not None and asked.rounds < 1:
        parser.error("--rounds: at least 1")
    output = asked.output or (ROOT / "build" / "bench" if asked.quick else HERE)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        measure(Bench(asked, Path(folder)), asked.only or COMPARISONS, output)
    # Imports NumPy, and is therefore not before the end.
    from plots import plot  # noqa: PLC0415

    plot(output, read(output))
    print(f"\nwritten: {output / 'RESULTS.md'}", file=sys.stderr)


if __name__ == "__main__":
    main()
