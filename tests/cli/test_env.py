"""``repro env``: this environment as it is read back, and its numeric fingerprint."""

from __future__ import annotations

import json
import os

import pytest
from tests.conftest import command

from repro.core.environment import Environment
from repro.core.fingerprint import Fingerprint
from repro.launch import Level, leaking

# Where no level can pin code paths, none gives other bits than another.
pins = pytest.mark.skipif(
    Level.PORTABLE.variables == Level.PORTABLE_V2.variables,
    reason="both portable levels pin the same code paths here, or none",
)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch):
    for name in [*leaking(os.environ), "PYTHONHASHSEED"]:
        monkeypatch.delenv(name, raising=False)


def fingerprint(folder, *arguments: object, env=None):
    return command("-m", "repro", "env", "fingerprint", *arguments, cwd=folder, env=env)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The fingerprint at the default level, as a file."""
    folder = tmp_path_factory.mktemp("recorded")
    result = fingerprint(folder, "--json")
    assert result.status == 0, result.err
    path = folder / "fingerprint.json"
    path.write_text(result.out)
    return path


def test_fingerprint_is_the_same_twice_whatever_was_inherited(recorded, tmp_path):
    """It needs no project, and a hostile environment does not change it."""
    hostile = {"OPENBLAS_CORETYPE": "Nehalem", "OMP_NUM_THREADS": "8"}
    result = fingerprint(tmp_path, "--kernels", "--expect", recorded, "--json", env=hostile)

    first, second = json.loads(recorded.read_text()), result.json
    assert (result.status, second["holds"], second["differing"]) == (0, True, [])
    assert first["fingerprint"] == second["fingerprint"]
    assert second["kernels"].keys() == second["fingerprint"]["groups"].keys()
    assert all(second["kernels"].values())


def test_people_are_shown_groups_and_the_whole(recorded, tmp_path):
    """And the digest that they copy is one that can be expected."""
    value = json.loads(recorded.read_text())
    digest = value["fingerprint"]["digest"]

    shown = fingerprint(tmp_path, "--expect", digest)

    lines = dict(line.split(maxsplit=1) for line in shown.out.splitlines())
    assert (shown.status, lines["expected"]) == (0, "the same")
    assert (lines["bits"], lines["fingerprint"]) == (value["bits"], digest)
    for group, whole in value["fingerprint"]["groups"].items():
        assert whole.startswith(lines[group])
    assert float(lines["seconds"]) > 0


@pins
def test_another_fingerprint_is_a_finding_that_names_the_groups(recorded, tmp_path):
    """Another level has other code paths, and the record tells where that shows."""
    older = fingerprint(tmp_path, "--level", "portable-v2", "--expect", recorded)

    assert older.status == 1
    (expected,) = (line for line in older.out.splitlines() if line.startswith("expected"))
    assert "different: " in expected
    assert "numpy.linalg" in expected


def test_a_digest_alone_does_not_say_which_groups(tmp_path):
    """Twelve digits are enough to tell that it is another."""
    result = fingerprint(tmp_path, "--expect", "0123456789ab", "--json")

    assert (result.status, result.json["holds"]) == (1, False)
    assert result.json["differing"] == ["unknown groups: only a digest was given"]


def test_run_that_is_expected_holds_and_an_edited_one_does_not(trained, tmp_path):
    """A run's folder has the fingerprint of its environment."""
    project, run = trained
    copy = tmp_path / "environment.json"
    value = json.loads((run / "environment.json").read_text())
    value["environment"]["fingerprint"]["groups"]["libm"] = "fingerprint-group/v1:" + "0" * 64
    copy.write_text(json.dumps(value))

    assert fingerprint(project.path, "--expect", run).status == 0
    edited = fingerprint(project.path, "--expect", copy, "--json")
    assert (edited.status, edited.json["differing"]) == (1, ["libm"])


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("nowhere.json", None, "nor a readable file"),
        ("empty.json", "{}", "contains no fingerprint"),
        (
            "other.json",
            '{"fingerprint": {"digest": 1}}',
            "fingerprint is not one that this version reads",
        ),
        ("list.json", "[]", "expected a JSON object"),
        ("fingerprint/v7:0123456789ab", None, "a different scheme"),
    ],
)
def test_what_holds_no_fingerprint_is_no_answer(tmp_path, name, text, told):
    """Neither a pass nor a finding."""
    if text is not None:
        (tmp_path / name).write_text(text)

    result = fingerprint(tmp_path, "--expect", name)

    assert (result.status, result.out) == (3, "")
    assert told in result.err


def test_environment_is_shown_as_it_is_recorded(tmp_path):
    """For machines, the record itself; it needs no project."""
    hostile = {"OPENBLAS_L2_SIZE": "512"}
    result = command("-m", "repro", "env", "show", "--json", cwd=tmp_path, env=hostile)

    value = result.json
    assert value.pop("schema") == "repro.env/v1"
    shown = Environment.model_validate_json(json.dumps(value))
    assert (shown.level, shown.hash_seed, shown.lock) == ("portable", "0", None)
    assert {library.num_threads for library in shown.native} == {1}
    assert shown.dropped == hostile
    assert shown.git.kind == "none"


def test_environment_is_shown_to_people(project):
    """What decides about bits, on a line each."""
    result = project.repro("env", "show", "--level", "strict", env={"OPENBLAS_L2_SIZE": "512"})

    assert result.status == 0, result.err
    lines = dict(line.split("  ", 1) for line in result.out.splitlines() if line[0] != " ")
    assert lines["level"].strip() == "strict"
    assert lines["kept out"].strip() == "OPENBLAS_L2_SIZE=512"
    assert ", 1 thread" in lines["libraries"]
    assert "scikit-learn" in lines["packages"]
    assert {"bits", "python", "platform", "cpu", "container", "git"} <= lines.keys()


def test_schemes_compare_with_themselves_alone(recorded, tmp_path):
    """Another scheme is another question, not a difference."""
    value = Fingerprint.model_validate(json.loads(recorded.read_text())["fingerprint"])
    other = value.model_copy(update={"scheme": "fingerprint/v2"})
    (tmp_path / "other.json").write_text(json.dumps({"fingerprint": other.model_dump()}))

    result = fingerprint(tmp_path, "--expect", "other.json")

    assert result.status == 3
    assert "has the scheme fingerprint/v2" in result.err
