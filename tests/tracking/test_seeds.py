"""Seeds and exact states: a stream continues bit for bit in another process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from repro.core.errors import TrackingError
from repro.tracking import SeedTracker

DRAWS = """
import json, random, sys
import numpy as np
{torch}
from repro.tracking import SeedTracker
rngs = {{"pcg": np.random.default_rng(1), "philox": np.random.Generator(np.random.Philox(2)),
        "legacy": np.random.RandomState(3), "python": random.Random(4),
        "sfc": np.random.Generator(np.random.SFC64(5)),
        "mt": np.random.Generator(np.random.MT19937(6)),
        {own}}}

def draw():
    found = [random.random(), random.gauss(0, 1), np.random.normal(), np.random.randint(2**40)]
    found += [rngs["pcg"].random(), rngs["pcg"].integers(2**31, dtype="u4")]
    found += [rngs["philox"].normal(), rngs["legacy"].normal(), rngs["python"].gauss(0, 1)]
    found += [rngs["sfc"].random(), rngs["mt"].random()]
    {more}
    return [float(each).hex() for each in found]
"""
PARTS = {
    False: {"torch": "", "own": "", "more": ""},
    True: {
        "torch": "import torch",
        "own": '"torch": torch.Generator().manual_seed(7)',
        "more": "found += [torch.rand(1).item(), torch.randn(3).sum().item(),"
        " torch.rand(1, generator=rngs['torch']).item()]",
    },
}
SAVE = """
SeedTracker().set_seeds(42)
# An odd number of draws: half a pair of normal numbers, and half a word, are kept for later.
draw()
SeedTracker().save_seed_state(sys.argv[1], rngs)
print(json.dumps([draw(), draw()]))
"""
LOAD = """
{before}
SeedTracker().load_seed_state(sys.argv[1], rngs)
print(json.dumps([draw(), draw()]))
made = SeedTracker().load_seed_state(sys.argv[1])["generators"]
rngs.update(made)
print(json.dumps([draw(), draw()]))
"""


def run(code: str, path: Path) -> list[object]:
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True, text=True, check=False, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("torch", [False, pytest.param(True, marks=pytest.mark.scripts)])
def test_streams_continue_in_another_process(tmp_path: Path, torch: bool) -> None:
    draws, path = DRAWS.format(**PARTS[torch]), tmp_path / "states.json"
    (expected,) = run(draws + SAVE, path)
    given, made = run(draws + LOAD.format(before="draw(); draw()"), path)
    assert given == made == expected


def test_seeds_are_set_as_by_hand() -> None:
    found = SeedTracker().set_seeds(7)
    assert found["set_seed"] == 7
    assert {"python": {"seed": 7}, "numpy": {"seed": 7}}.items() <= found["seeds"].items()
    drawn = random.random(), np.random.normal()
    random.seed(7)
    np.random.seed(7)
    assert drawn == (random.random(), np.random.normal())


@pytest.mark.scripts
def test_torch_is_seeded_too() -> None:
    import torch

    assert SeedTracker().set_seeds(7)["seeds"]["torch"] == {"seed": 7}
    drawn = torch.rand(4)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(4))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "7", True, None])
def test_a_seed_that_some_generator_refuses_sets_none(seed: object) -> None:
    before = random.getstate(), np.random.get_state()[1].tobytes()
    with pytest.raises(TrackingError, match="seed"):
        SeedTracker().set_seeds(seed)
    assert (random.getstate(), np.random.get_state()[1].tobytes()) == before


def test_capture_is_of_the_state() -> None:
    tracker = SeedTracker()
    tracker.set_seeds(1)
    first, again = tracker.capture_seeds(), tracker.capture_seeds()
    assert first["seed_checksum"] == again["seed_checksum"]
    random.random()
    assert tracker.capture_seeds()["seed_checksum"] != first["seed_checksum"]
    assert {"python", "numpy"} <= first["seeds"].keys()
    assert "numpy" not in SeedTracker(track_numpy=False).capture_seeds()["seeds"]


def test_the_hash_seed_is_never_said_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    code = (
        "from repro.tracking import SeedTracker\n"
        "found = SeedTracker().create_reproducible_environment(3)\n"
        "print(found['set_seed'], found['reproducibility_settings']['hash_seed'])"
    )

    def say() -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              check=True)  # fmt: skip
        return done.stdout.strip()

    assert say() == "3 None"
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    assert say() == "3 0"


def saved(tmp_path: Path) -> dict[str, object]:
    """Return what is saved, without the digest that would show any change first."""
    found = SeedTracker().save_seed_state(tmp_path / "good.json")
    return {name: value for name, value in found.items() if name != "seed_checksum"}


def write(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "bad.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_wrong_files(tmp_path: Path) -> None:
    tracker, good = SeedTracker(), saved(tmp_path)
    with pytest.raises(FileNotFoundError):
        tracker.load_seed_state(tmp_path / "none.json")
    for text in ("", "{", "not json", '{"a": 1,}', "[" * 100_000):
        with pytest.raises(ValueError, match="Invalid JSON"):
            tracker.load_seed_state(write(tmp_path, text))
    for content in ([], "text", 5, {}, {"seeds": {}}, {"timestamp": "x"},
                    {**good, "seeds": [1]}, {**good, "seeds": {"python": 5}}):  # fmt: skip
        text = json.dumps(content)
        with pytest.raises(RuntimeError, match="Missing required field"):
            tracker.load_seed_state(write(tmp_path, text))


@pytest.mark.parametrize("part", ["python", "numpy"])
def test_a_damaged_state_sets_no_generator(tmp_path: Path, part: str) -> None:
    tracker, good = SeedTracker(), saved(tmp_path)
    for damage in ({}, {"version": 3}, {**good["seeds"][part], "state": "####"},
                   {**good["seeds"][part], "state": {}}):  # fmt: skip
        content = {**good, "seeds": {**good["seeds"], part: damage}}
        before = random.getstate(), np.random.get_state()[1].tobytes()
        with pytest.raises(RuntimeError, match="not the state of a generator"):
            tracker.load_seed_state(write(tmp_path, content))
        assert (random.getstate(), np.random.get_state()[1].tobytes()) == before


def test_no_class_is_made_by_a_name_from_a_file(tmp_path: Path) -> None:
    tracker = SeedTracker()
    good = tracker.save_seed_state(tmp_path / "good.json", {"rng": np.random.default_rng(0)})
    state = {**good["generators"]["rng"], "bit_generator": "get_state"}
    path = write(tmp_path, {**good, "generators": {"rng": state}})
    with pytest.raises(RuntimeError, match="unknown bit generator get_state"):
        tracker.load_seed_state(path)
    with pytest.raises(TrackingError, match="is no random generator"):
        tracker.save_seed_state(tmp_path / "x.json", {"rng": object()})


def test_a_state_that_would_be_read_beyond_its_memory(tmp_path: Path) -> None:
    tracker, path = SeedTracker(track_torch=False), tmp_path / "states.json"
    philox = np.random.Generator(np.random.Philox(1))
    tracker.save_seed_state(path, {"own": philox})
    whole = json.loads(path.read_bytes())
    del whole["seed_checksum"]
    for place in ("100000000", "-5"):
        for part, name in (
            (("seeds", "numpy", "state"), "pos"),
            (("generators", "own"), "buffer_pos"),
        ):
            content = json.loads(json.dumps(whole))
            inner = content
            for each in part:
                inner = inner[each]
            inner[name] = {"int": place}
            path.write_text(json.dumps(content))
            before = random.getstate()
            with pytest.raises(RuntimeError, match=f"position {place}: expected 0 to"):
                tracker.load_seed_state(path)
            assert random.getstate() == before


def test_nothing_is_set_if_one_generator_does_not_fit(tmp_path: Path) -> None:
    tracker, path = SeedTracker(track_torch=False), tmp_path / "states.json"
    tracker.save_seed_state(path, {"own": np.random.default_rng(1)})
    random.seed(77)
    before = random.getstate()
    for other in (np.random.Generator(np.random.MT19937(1)), random.Random(1)):
        with pytest.raises(RuntimeError, match="the state is of"):
            tracker.load_seed_state(path, {"own": other})
        assert random.getstate() == before
    content = json.loads(path.read_bytes())
    del content["seed_checksum"]
    content["seeds"]["unheard of"] = {}
    path.write_text(json.dumps(content))
    with pytest.raises(RuntimeError, match="unknown generator 'unheard of'"):
        tracker.load_seed_state(path)
    assert random.getstate() == before


@pytest.mark.parametrize("generator", ["python", "numpy"])
def test_a_state_that_was_changed_sets_no_generator(tmp_path: Path, generator: str) -> None:
    """One that could be set as it is, so that only the checksum of the file shows it."""
    tracker = SeedTracker()
    content = tracker.save_seed_state(tmp_path / "good.json")
    random.random()
    np.random.random()
    content["seeds"][generator] = tracker.capture_seeds()["seeds"][generator]
    (tmp_path / "bad.json").write_text(json.dumps(content))
    before = random.getstate()

    with pytest.raises(RuntimeError, match="differs from seed_checksum"):
        tracker.load_seed_state(tmp_path / "bad.json")
    assert random.getstate() == before
    tracker.load_seed_state(tmp_path / "good.json")
