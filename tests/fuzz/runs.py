"""The readers of the files of a run, and of a folder of runs."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from repro.app.compare import read_entry
from repro.app.drift import drift
from repro.app.predict import load_run
from repro.app.report import run_page
from repro.app.subjects.records import record_of_run
from repro.app.subjects.subject import Subject, check_integrity
from repro.config.common_keys import keys_from
from repro.config.keys import comparison_group
from repro.config.recorded import parse_config
from repro.core.errors import ReproError
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.records import Lineage
from repro.store import list_runs, read_run
from tests.forging import rewritten, well_forged
from tests.fuzz import oracle
from tests.fuzz.damage import TABLE_TOKENS
from tests.fuzz.readers import Reader, compared, json_trees, refuse, turn, with_keys_of_environment
from tests.fuzz.tables import csv_trees
from tests.fuzz.world import FindError, World, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Shown as claimed, or bound to what is.
_BESIDE = ("model.joblib", "report.md", "report.html")
_TEXTS = ("config", "drift_baseline", "environment", "metrics", "seeds", "snapshot", "stages")


def run_readers(world: World) -> Iterator[Reader]:
    """Yield a reader for each file of a run: all of them are read with every change of one."""
    original = read_entry(world.project, world.run.parent, str(world.run))
    before = _content(world.run)
    for stem in (*_TEXTS, "threshold"):
        name = f"{stem}.json"
        base = (world.run / name).read_bytes()
        yield Reader(
            f"run/{name}", (base,), _reader(world, name, original, before), json_trees(base)
        )
    base = (world.run / "predictions.csv").read_bytes()
    read = _reader(world, "predictions.csv", original, before)
    yield Reader("run/predictions.csv", (base,), read, csv_trees(base), TABLE_TOKENS)
    base = (world.run / "lineage.json").read_bytes()
    trees = st.builds(_bound, json_trees(base), st.booleans())
    yield Reader(
        "run/lineage.json", (base,), _reader(world, "lineage.json", original, before), trees
    )


def _bound(content: bytes, again: bool) -> bytes:
    if not again:
        return content
    try:
        return dump_record(bound(load_record(content, "lineage.json", Lineage)))
    except (ReproError, ValueError):
        return content


def _reader(world: World, name: str, original: Any, before: dict[str, Any]):
    def read(content: bytes) -> str:
        if name == "lineage.json":
            (world.copy / name).write_bytes(content)
        else:
            rewritten(world.copy, **{name.partition(".")[0]: content})
        try:
            if turn(content[::-1], 2):
                _forge(world)
            return _read(world, original, before, turn(content, 16))
        finally:
            for each in ("stages.json", "snapshot.json", name):
                world.restore(each, (world.run / each).read_bytes())

    return read


def _forge(world: World) -> None:
    """Give the stages the digests of the changed values, and the snapshot the keys of the rest."""
    try:
        run = read_run(world.copy)
        config = parse_config(run.config, "config.json")
        record = well_forged(record_of_run(run))
        keys = with_keys_of_environment(record, keys_from(config, record))
    except (ReproError, ValueError):
        return
    group = comparison_group(run.lineage.experiment, keys.replicate_key)
    snapshot = run.snapshot.model_copy(update={"keys": keys, "comparison_group": group})
    rewritten(world.copy, stages=dump_record(record.stages), snapshot=dump_record(snapshot))


def _read(world: World, original: Any, before: dict[str, Any], door: int) -> str:
    """Read the copy of a run by every door; return the verdict on it beside the original."""
    run, runs = world.copy, world.run.parent
    found = {entry.path.name: entry.summary for entry in list_runs(runs)}
    if len(found) != 2 or found[world.run.name] is None:
        raise FindError("a damaged run hides another one in the list")
    _at_a_door(world, door)
    checks = check_integrity(Subject(run, is_run=True))
    intact = all(check.outcome == "same" for check in checks)
    entry = read_entry(world.project, runs, str(run))
    if intact == bool(entry.damage):
        raise FindError("one door says intact, and another one does not")
    verdicts, shown = compared(original, entry)
    if "identical" in verdicts and intact:
        after = _content(run)
        refuse(oracle.unseen({name: before[name] for name in after}, after, shown))
    return verdicts[0] if intact else "tampered"


def _at_a_door(world: World, door: int) -> None:
    """Give the folder of runs, or the run, to a command, if it is the turn of one."""
    place, runs = ("--project", world.project), world.run.parent
    doors: tuple[Callable[[], object], ...] = (
        lambda: ask("runs", "list", *place),
        lambda: ask("runs", "list", "--json", *place),
        lambda: ask("runs", "groups", *place),
        lambda: ask("runs", "groups", "--stability", *place),
        lambda: ask("runs", "show", world.copy, *place),
        lambda: ask("verify", "--integrity", world.copy),
        lambda: ask("reference", world.copy, "-o", world.project / "exported.json", *place),
        lambda: ask("config", "diff", world.copy, world.run, *place),
        lambda: ask("compare", world.run, world.copy, "--format", "markdown", "--runs", runs),
        lambda: run_page(runs, str(world.copy)),
        lambda: drift(runs, str(world.copy), world.project / "data" / "credit.csv"),
        lambda: load_run(world.copy),
    )
    if door < len(doors):
        doors[door]()


def _content(run: Any) -> dict[str, Any]:
    """Parse every file of a run, without the product; what is only claimed is left out."""
    found = {
        name: json.loads((run / f"{name}.json").read_bytes()) for name in (*_TEXTS, "threshold")
    }
    lineage = json.loads((run / "lineage.json").read_bytes())
    claimed = {
        "run_id",
        "created",
        "version",
        "command",
        "configuration",
        "code",
        "loaded",
        "commit",
    }
    claimed |= {"dirty", "digest", "overrides"}
    files = [name for name in sorted(lineage["files"]) if name not in _BESIDE]
    found["lineage"] = {k: v for k, v in lineage.items() if k not in claimed} | {"files": files}
    found["environment"] = {}
    keys = found["snapshot"]["keys"]
    # It follows from the environment, which is shown beside the verdict.
    del keys["environment_key"]
    if keys["strict_key"].startswith("strict/v1:"):
        # Of an earlier version: both sides are then compared by what they hold.
        del found["snapshot"]
    with (run / "predictions.csv").open(newline="", encoding="utf-8") as file:
        found["predictions"] = list(csv.DictReader(file))
    return found
