"""`repro train` in turn with a plain script of the same fits, by the size of a table."""

import json
import subprocess

from sides import HERE, PYTHON, REPRO, ROOT, Side, pair

SHIPPED = ("credit", "breast_cancer", "wine", "digits", "diabetes")


def by_rows(bench):
    """Tables of 20 numeric columns and more and more rows."""
    sizes = (1_000,) if bench.quick else (1_000, 10_000, 100_000)
    for rows in (*sizes, 1_000_000) if bench.large else sizes:
        yield _pair(bench, "rows", rows, 20, rows)


def by_columns(bench):
    """Tables of 2,000 rows and more and more columns."""
    for columns in (10, 30) if bench.quick else (10, 100, 1_000):
        yield _pair(bench, "columns", 2_000, columns, columns)


def shipped(bench):
    """The experiments that are shipped; each has a plain script beside it."""
    for name in SHIPPED[1:3] if bench.quick else SHIPPED:
        train = [REPRO, "train", name, "--runs", str(bench.folder / "shipped")]
        if name == "credit":
            # Its seeds lie beside the script, which other benchmarks run without a run at hand.
            plain = [PYTHON, str(HERE / "plain_credit.py")]
        else:
            script = [PYTHON, str(HERE / "plain_shipped.py"), name]
            plain = [*script, str(_checked_seeds(train, script, bench.folder / "shipped"))]
        sides = Side([*train, "-q"]), Side(plain)
        row = f"`repro train {name}` / plain script"
        yield pair("shipped", row, *sides, bench.rounds, warm=False)


def project(bench, rows, columns):
    """Make a project with a table, and return its folder and the table."""
    name = f"t{rows}x{columns}"
    table, folder = bench.folder / f"{name}.csv", bench.folder / name
    make = [PYTHON, str(HERE / "made_table.py"), str(rows), str(columns), str(table)]
    subprocess.run(make, check=True)
    init = [REPRO, "init", str(folder), "--data", str(table), "--target", "y", "--positive", "yes"]
    subprocess.run([*init, "--name", "table"], check=True, capture_output=True)
    experiment = folder / "configs" / "experiments" / "table.yaml"
    lines = experiment.read_text().splitlines()
    families = "families: [logistic_regression, hist_gradient_boosting]"
    lines = [families if line.startswith("families:") else line for line in lines]
    experiment.write_text("\n".join(lines) + "\n")
    return folder, table


def _pair(bench, curve, rows, columns, size):
    folder, table = project(bench, rows, columns)
    train = [REPRO, "train", "--project", str(folder)]
    plain = [PYTHON, str(HERE / "plain_table.py"), str(table)]
    if bench.seeds is None:
        bench.seeds = _checked_seeds(train, plain, folder / "runs")
    rounds = bench.rounds if rows <= 100_000 else 1
    name = f"`repro train` / plain script, {rows:,} rows, {columns:,} columns"
    sides = Side([*train, "-q"]), Side([*plain, str(bench.seeds)])
    return pair(curve, name, *sides, rounds, warm=False, curve=curve, size=size)


def _checked_seeds(train, plain, runs):
    """Return the file of seeds of a run; stop unless the plain script finds the same with them.

    Both select the same model and agree in every metric to nine digits. Seeds are derived from
    names, and are therefore the same for every table.
    """
    done = subprocess.run([*train, "--json"], check=True, capture_output=True, text=True, cwd=ROOT)
    made = json.loads(done.stdout)
    seeds, metrics = runs / made["run_id"] / "seeds.json", made["metrics"]
    done = subprocess.run([*plain, str(seeds)], check=True, capture_output=True, text=True)
    beside = json.loads(done.stdout)
    assert metrics["model"] == beside["model"], (metrics["model"], beside["model"])
    for name, value in beside["metrics"].items():
        found = metrics["test"][name]["value"]
        assert abs(found - value) < 1e-9, (name, found, value)
    return seeds
