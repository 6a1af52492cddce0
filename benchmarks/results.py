"""What was measured, as JSON and as a page; and the slopes of cost curves."""

import datetime
import importlib.metadata
import json
import math
import os
import platform
import statistics
from pathlib import Path

from peers import versions
from sides import row_of

TITLES = {
    "rows": "Training by rows",
    "columns": "Training by columns",
    "shipped": "The experiments that are shipped",
    "trackers": "A tracked training",
    "commands": "Short commands",
    "hashing": "Hashing",
    "runs": "Many runs",
    "records": "Many records",
}
COLUMNS = ("what", "first", "second", "ratio", "range", "CPU first", "CPU second", "CPU ratio",
           "CPU range", "CPU added", "memory")  # fmt: skip
HEAD = f"| {' | '.join(COLUMNS)} |\n|---|{'---:|' * (len(COLUMNS) - 1)}"
TOP = """\
# Results

Written by `make bench`; [what each row is](README.md). Both sides of a row run in turn, as whole
processes. Times are medians; ratios are medians of the ratios pair by pair, with their range. CPU
is user and system time of a process and all that it waited for. `CPU added` is the difference of
the medians of CPU time, and memory the greatest resident size of both sides.
"""
# A last step that is steeper than this counts as worse than linear: timing is no better than that.
STEEP = 1.1


def circumstances(bench):
    """Return when and on what a comparison begins."""
    load = os.getloadavg()
    return {
        "when": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "load": ", ".join(f"{each:.1f}" for each in load),
        "busy": load[0] > 1,
        "rounds": bench.rounds,
        "quick": bench.quick,
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in ("repro", "scikit-learn", "numpy")}
        | versions(),
    }


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def read(folder):
    """Return the results in a folder by comparison; nothing if it has no results."""
    file = folder / "results.json"
    return json.loads(file.read_text()) if file.exists() else {}


def write(folder, found):
    """Write the results of all comparisons, and the page."""
    (folder / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    sections = [section(name, each) for name, each in found.items()]
    sections.append(slopes_section(found))
    (folder / "RESULTS.md").write_text("\n".join([TOP, *sections]))


def section(name, about):
    """Return the section of one comparison."""
    busy = (
        "The load was above 1 at the start: other work shared the processors, so compare CPU time "
        "rather than elapsed time.\n"
        if about["busy"]
        else ""
    )
    quick = "Small sizes (`--quick`). " if about["quick"] else ""
    known = ", ".join(f"{tool} {version}" for tool, version in about["versions"].items())
    return "\n".join([
        f"## {TITLES[name]}\n",
        f"{about['when']}, {about['processor']}, {about['processors']} processors, load "
        f"{about['load']}, rounds: {about['rounds']}. {quick}{known}.\n{busy}",
        HEAD,
        *(table_row(row_of(row)) for row in about["rows"]),
        "",
        *(f"{note}\n" for note in about["notes"]),
        *(["It was stopped before its last row.\n"] if not about["complete"] else []),
    ])  # fmt: skip


def table_row(row):
    """Return a row of the table."""
    if row.right is None:
        return (
            f"| {row.name} | {_seconds(row.left.wall)} | | | | {_seconds(row.left.cpu)} | | | | |"
            f" {row.left.memory:.0f} MB |"
        )
    return (
        f"| {row.name}"
        f" | {_seconds(row.left.wall)} | {_seconds(row.right.wall)} | {_ratio(row.wall)}"
        f" | {_seconds(row.left.cpu)} | {_seconds(row.right.cpu)} | {_ratio(row.cpu)}"
        f" | {row.left.cpu - row.right.cpu:+.2f} s"
        f" | {row.left.memory:.0f} and {row.right.memory:.0f} MB |"
    )


def _seconds(value):
    return f"{value:.3f} s" if value < 1 else f"{value:.2f} s"


def _ratio(found):
    return f"{found.median:.2f} | {found.low:.2f} to {found.high:.2f}"


def curves(found):
    """Return the rows of each curve by its name, the smallest size first."""
    grouped = {}
    for about in found.values():
        for row in map(row_of, about["rows"]):
            if row.curve is not None:
                grouped.setdefault(row.curve, []).append(row)
    return {
        name: sorted(rows, key=lambda row: row.size)
        for name, rows in grouped.items()
        if len(rows) > 1
    }


def slope(sizes, costs):
    """Return the slope of the least-squares line through the logarithms of sizes and costs."""
    line = statistics.linear_regression(list(map(math.log, sizes)), list(map(math.log, costs)))
    return line.slope


def slopes_section(found):
    """Return the section of slopes; a curve with one size has no slope."""
    lines = [
        "## Slopes\n",
        "Least squares on logarithms of CPU time: 1 is linear. A fixed cost flattens a curve, so",
        "the last step is also given alone. A last step that is steeper than"
        f" {STEEP} is called worse than linear.\n",
        "| curve | sizes | slope | last step | worse than linear | beside it: slope | last step |",
        "|---|---|---:|---:|---|---:|---:|",
    ]
    for name, rows in curves(found).items():
        sizes = [row.size for row in rows]
        (whole, last), beside = (_slopes(sizes, rows, side) for side in ("left", "right"))
        lines.append(
            f"| {name} | {sizes[0]:,} to {sizes[-1]:,} | {whole:.2f} | {last:.2f} |"
            f" {'yes' if last > STEEP else 'no'} | {beside[0]:.2f} | {beside[1]:.2f} |"
        )
    plots = [f"![CPU time by {name}]({file_of(name)})" for name in curves(found)]
    return "\n".join([*lines, "", *plots, ""])


def _slopes(sizes, rows, side):
    costs = [getattr(row, side).cpu for row in rows]
    return slope(sizes, costs), slope(sizes[-2:], costs[-2:])


def file_of(curve):
    """Return the name of the plot of a curve."""
    return f"{curve.replace(', ', '_').replace(' ', '_')}.svg"
