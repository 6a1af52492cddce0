"""What trackers add to a small and to a medium training, each beside the bare script."""

import shutil
import subprocess

from peers import program
from sides import HERE, PYTHON, REPRO, Side, in_turn, row

TRACKERS = {
    "mlflow": {
        "mlflow_metrics": "MLflow, metrics",
        "mlflow_model": "MLflow, metrics and `log_model`",
        "mlflow_autolog": "MLflow, `autolog`",
    },
    "sacred": {"sacred": "Sacred, a file store"},
    "wandb": {"wandb": "W&B, offline"},
}
DVC_STAGE = "stages:\n  train:\n    cmd: {python} script.py bare {size}\n    deps: [script.py]\n"


def trackers(bench):
    """Yield a row for each tracker and size; every tracker runs in its own environment.

    The small training warms what both need; the medium one is long enough not to notice.
    """
    for size in ("small",) if bench.quick else ("small", "medium"):
        place = _place(bench, f"repro-{size}")
        spent = in_turn(
            [_bare(place, PYTHON, size),
             Side([REPRO, "record", "--", PYTHON, "script.py", "bare", size], place)],
            bench.rounds, warm=_warm(bench, size))  # fmt: skip
        yield row("trackers", f"`repro record` / bare, {size}", spent[1], spent[0])
        for peer, modes in TRACKERS.items():
            yield from _tracked(bench, peer, modes, size)
        yield from _dvc(bench, size)


def _tracked(bench, peer, modes, size):
    python = program(peer)
    if python is None:
        return
    place = _place(bench, f"{peer}-{size}")
    sides = [Side([python, "script.py", mode, size], place) for mode in modes]
    sides.insert(0, _bare(place, python, size))
    spent = in_turn(sides, bench.rounds, warm=_warm(bench, size))
    for name, found in zip(modes.values(), spent[1:], strict=True):
        yield row("trackers", f"{name} / bare, {size}", found, spent[0])


def _dvc(bench, size):
    python, dvc = program("dvc"), program("dvc", "dvc")
    if dvc is None:
        return
    place = _place(bench, f"dvc-{size}")
    subprocess.run([dvc, "init", "-q", "--no-scm"], cwd=place, check=True)
    (place / "dvc.yaml").write_text(DVC_STAGE.format(python=python, size=size))
    sides = [_bare(place, python, size), Side([dvc, "repro", "-f"], place)]
    spent = in_turn(sides, bench.rounds, warm=_warm(bench, size))
    yield row("trackers", f"`dvc repro -f` / bare, {size}", spent[1], spent[0])


def _warm(bench, size):
    return size == "small" and not bench.quick


def _bare(place, python, size):
    return Side([python, "script.py", "bare", size], place)


def _place(bench, name):
    place = bench.folder / name
    place.mkdir()
    shutil.copy(HERE / "tracked_script.py", place / "script.py")
    return place
