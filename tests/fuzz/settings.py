"""The readers of configuration and of the other files that are handed over beside a record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import strategies as st

from repro.app.checking import check_all
from repro.app.configuration import (
    idle_tolerances,
    resolve_request,
    stability_settings,
    verification_settings,
)
from repro.app.matrix.cells import read_matrix
from repro.app.subjects.record_file import read_record_file
from repro.app.tolerances import read_noise
from repro.app.validate import read_metrics
from repro.config.compose import Request
from repro.core.errors import ReproError
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.noise import Noise, NoiseTraining
from repro.datasets.registry import registry
from repro.divergence.assess import assess
from repro.divergence.tolerance import ToleranceRequest
from repro.training.declarations import MEANING
from tests.conftest import ROOT
from tests.forging import altered
from tests.fuzz.damage import YAML_TOKENS
from tests.fuzz.readers import Reader, as_json, json_trees, turn
from tests.fuzz.world import World, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FILES = {
    "configs/base.yaml": "experiment",
    "configs/datasets.yaml": "experiment",
    "configs/experiments/credit.yaml": "experiment",
    "configs/profiles/debug.yaml": "experiment",
    "configs/models/logistic_regression.yaml": "model",
    "configs/models/svm.yaml": "model",
}


def setting_readers(world: World) -> Iterator[Reader]:
    """Yield a reader for each kind of configuration file, the overlay, and `--set`."""
    for name in _FILES:
        file = world.project / name
        base = (ROOT / name).read_bytes()
        yield Reader(name, (base,), _configuration(world, file, base), _yaml(base), YAML_TOKENS)
    base = b"seed: 7\nsplit: {test_size: 0.3}\nmodels: {knn: {params: {n_neighbors: 3}}}\n"
    yield Reader("overlay", (base,), _overlay(world), _yaml(base), YAML_TOKENS)
    base = (ROOT / "matrix.yaml").read_bytes()
    yield Reader("matrix.yaml", (base,), _matrix(world), _yaml(base), YAML_TOKENS)


def _yaml(base: bytes) -> st.SearchStrategy[bytes]:
    """Return files that hold a different value; JSON and blocks in turn."""
    written = st.sampled_from((as_json, _block))
    trees = json_trees(json.dumps(yaml.safe_load(base), default=str).encode())
    return st.builds(lambda content, write: write(json.loads(content)), trees, written)


def _block(value: Any) -> bytes:
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    return text.encode("utf-8", "surrogatepass")


def _configuration(world: World, file: Path, base: bytes) -> Callable[[bytes], str]:
    def read(content: bytes) -> str:
        file.write_bytes(content)
        try:
            return _resolved(world, turn(content, 12))
        finally:
            file.write_bytes(base)

    return read


def _resolved(world: World, door: int) -> str:
    place = ("--project", world.project)
    if door == 0:
        check_all(world.project, ())
    elif door == 1:
        ask("config", "show", "credit", "--origins", *place)
    elif door == 2:
        ask("data", "list", *place)
    elif door == 3:
        ask("runs", "list", *place)
    elif door == 4:
        ask("config", "diff", "credit", world.run, *place)
    for door_of in (verification_settings, stability_settings, idle_tolerances, registry):
        _tried(lambda door_of=door_of: door_of(world.project))
    resolve_request(world.project, Request("credit", "debug"))
    return "valid"


def _tried(door: Callable[[], object]) -> None:
    try:
        door()
    except ReproError:
        return


def _overlay(world: World) -> Callable[[bytes], str]:
    file = world.project / "overlay.yaml"

    def read(content: bytes) -> str:
        file.write_bytes(b"schema: repro.overlay/v1\n" + content)
        key, _, value = content.decode("utf-8", "replace").partition(": ")
        flag = Request("credit", assignments=(("--set", key, value),))
        _tried(lambda: resolve_request(world.project, flag))
        resolve_request(world.project, Request("credit", overlays=(file,)))
        return "valid"

    return read


def _matrix(world: World) -> Callable[[bytes], str]:
    file = world.project / "matrix.yaml"

    def read(content: bytes) -> str:
        file.write_bytes(content)
        return f"{len(read_matrix(file).cells)} cells"

    return read


# --- beside a record ----------------------------------------------------------------------------


def beside_readers(world: World, record: bytes) -> Iterator[Reader]:
    """Yield the readers of a measured spread, and of metrics alone."""
    file, path = world.project / "noise.json", world.project / "measured.json"
    path.write_bytes(record)
    measured = read_record_file(path)
    base = _noise(measured)
    fingerprint = measured.environment.fingerprint
    groups = {"made": "up"} if fingerprint is None else fingerprint.groups | {"made": "up"}
    environment = measured.environment.model_copy(
        update={"fingerprint": type(fingerprint).over(groups)} if fingerprint else {}
    )
    moved = measured.metrics.model_copy(
        update={"constant": {k: v * (1 + 1e-12) for k, v in measured.metrics.constant.items()}}
    )
    other = bound(altered(measured, environment=environment, metrics=moved))

    def read(content: bytes) -> str:
        file.write_bytes(content)
        noise = read_noise(file)
        asked = ToleranceRequest(auto=True, noise=noise)
        return str(assess(world.settings, measured, other, asked, MEANING).verdict)

    trees = st.builds(_bound, json_trees(base), st.booleans())
    yield Reader("noise", (base,), read, trees)
    metrics = (world.run / "metrics.json").read_bytes()

    def read_alone(content: bytes) -> str:
        file.write_bytes(content)
        return "other" if read_metrics(file) is None else "metrics"

    yield Reader("metrics alone", (metrics,), read_alone, json_trees(metrics))


def _bound(content: bytes, again: bool) -> bytes:
    if not again:
        return content
    try:
        return dump_record(bound(load_record(content, "noise.json", Noise)))
    except (ReproError, ValueError):
        return content


def _noise(record: Any) -> bytes:
    trainings = tuple(
        NoiseTraining(
            level=level, bits=None, fingerprint=f"fingerprint/v1:{level}", agreeing=1, outputs=2,
            seconds=1.5, failure="",
        )
        for level in ("portable", "strict")
    )  # fmt: skip
    return dump_record(
        bound(
            Noise(
                schema_="repro.noise/v1",
                subject="run x",
                strict_key=record.keys.strict_key,
                machine=record.environment.platform.architecture,
                trainings=trainings,
                spreads={"metrics.test.accuracy": 1e-9, "predictions": 0.0},
                flips=0,
                unstable=(),
                sentence="",
                digest="",
            )
        )
    )
