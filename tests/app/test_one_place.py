"""A stage is declared in one place, and everything that compares records knows it from there."""

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import ROOT
from tests.forging import altered
from tests.training import in_process

from repro.config.data import Task
from repro.config.verification import VerificationSettings
from repro.core.jsonfile import bound, load_record
from repro.core.meaning import Mechanism
from repro.core.record_v1 import ACTS, RecordFile, acts_of
from repro.core.records import Estimate
from repro.core.verdict import Outcome
from repro.digest.plain import digest_plain
from repro.divergence.assess import assess
from repro.divergence.causes import suspects
from repro.divergence.compare import first_divergence
from repro.divergence.consistency import Results, find_inconsistency
from repro.divergence.explained import explained, redefined
from repro.divergence.outputs import outputs_of
from repro.divergence.side import Side
from repro.divergence.tolerance import ToleranceRequest
from repro.training import declarations, stages
from repro.training.declarations import MEANING, SETTINGS, STAGES, Stage, meaning_of

SETTINGS_OF_TOLERANCE = VerificationSettings.model_validate(
    {
        "mode": "strict",
        "tolerance": {"absolute": 1e-6, "relative": 1e-6},
        "sample": {"size": 100, "boundary": 50},
    }
)
RECORD = load_record(
    (ROOT / "tests" / "data" / "record_v1.json").read_bytes(), "record_v1.json", RecordFile
)
KERNEL = {"native.0.architecture": ("Haswell", "Nehalem")}


def widest(test_matrix):
    """Stand for a stage that somebody adds: the width of every column."""
    return {"width": float(np.ptp(test_matrix, axis=0).max())}


ADDED = Stage(
    "widest", f"{__name__}:widest", ("width",), (Mechanism.ARITHMETIC,),
    copies={"metrics.constant": "width"},
)  # fmt: skip


def trained(monkeypatch, extra=()):
    monkeypatch.setattr(stages, "STAGES", (*STAGES, *extra))
    draw = np.random.default_rng(0)
    features = in_process.pd.DataFrame(draw.normal(size=(120, 3)), columns=list("abc"))
    target = np.where(features["a"] + draw.normal(size=120) > 0, "yes", "no").astype(object)
    tree = in_process.family("sklearn.tree:DecisionTreeClassifier", max_depth=3)
    settings = in_process.config(Task.BINARY, "yes", models={"tree": tree})
    return in_process.run(settings, features, in_process.text(target).to_numpy(str))


def with_stages(record, changed):
    return bound(altered(record, stages=changed))


def changed_stage(record, name, **changes):
    found = tuple(
        stage.model_copy(update=changes) if stage.name == name else stage
        for stage in record.stages.stages
    )
    return with_stages(record, record.stages.model_copy(update={"stages": found}))


def test_an_added_stage_is_recorded_with_its_mechanisms(monkeypatch):
    """Its function is found by name, and the record says what can act in it."""
    stage = trained(monkeypatch, [ADDED]).stages.stages[-1]

    assert (stage.name, tuple(stage.outputs)) == ("widest", ("width",))
    assert acts_of(stage) == (Mechanism.ARITHMETIC,)


def test_an_added_stage_is_compared_and_its_causes_are_ranked(monkeypatch):
    """A kernel of linear algebra cannot act in it, and NumPy's code paths can."""
    made = trained(monkeypatch, [ADDED]).stages
    last = made.stages[-1].model_copy(update={"outputs": {"width": "plain/v1:0"}})
    moved = made.model_copy(update={"stages": (*made.stages[:-1], last)})
    found = first_divergence(made, moved)
    (kernel,) = suspects(KERNEL, found, 1e-14, made)
    (paths,) = suspects({"code_paths.enabled": (["X86_V3"], [])}, found, 1e-14, made)

    assert (found.stage, found.outputs) == ("widest", ("width",))
    assert (kernel.can_act, paths.can_act) == (False, True)


def test_what_an_added_stage_copies_is_checked_for_consistency(monkeypatch):
    """By the declaration alone."""
    made = trained(monkeypatch, [ADDED])
    meaning = meaning_of((*STAGES, ADDED))
    flaw = find_inconsistency(Results(made.stages, made.metrics, made.threshold), meaning)

    assert flaw.name == "metrics.constant"
    assert flaw.expected == outputs_of(made.stages)["stages.widest.width"]


def test_an_added_diagnostic_stage_may_be_redefined(monkeypatch):
    """Nothing of the result follows from it."""
    diagnostic = replace(ADDED, diagnostic=True, copies={}, version=2)
    made = trained(monkeypatch, [diagnostic]).stages
    older = made.stages[-1].model_copy(update={"version": None, "outputs": {"width": "other"}})
    before = made.model_copy(update={"stages": (*made.stages[:-1], older)})
    sides = [replace(Side.of(RECORD), stages=each) for each in (before, made)]
    found = explained(*sides, meaning_of((*STAGES, diagnostic)))

    assert found == {
        "stages.widest.width": "stage widest was redefined: reference version 1, this run 2"
    }


def test_every_stage_of_the_pipeline_states_what_acts_in_it():
    """And the frozen table is of exactly the stages that records of the first version have."""
    assert all(stage.acts or stage.name == "check" for stage in STAGES)
    assert {stage.name for stage in RECORD.stages.stages} == ACTS.keys()
    assert all(stage.acts is None and stage.version is None for stage in RECORD.stages.stages)


def test_every_input_that_no_stage_makes_is_of_a_setting():
    """So that a difference of an input is always traced to a section of the configuration."""
    made = {output for stage in STAGES for output in stage.outputs}
    given = {name for stage in STAGES for name in stage.inputs} - made - {"workers", "finished"}

    assert given
    assert not [name for name in given if not any(setting.makes(name) for setting in SETTINGS)]


def test_only_what_no_result_follows_from_is_in_no_key():
    """An input in no key goes into diagnostic stages, or says which modules may be imported."""
    for stage in STAGES:
        unkeyed = {name for name in stage.inputs if not MEANING.is_keyed(name)}

        assert stage.diagnostic or unkeyed <= {"allowed_modules"}


@pytest.mark.parametrize("stage", sorted(MEANING.diagnostics))
def test_a_redefined_diagnostic_stage_leaves_the_verdict_alone(stage):
    """The stage is named, and what it says is not counted."""
    outputs = dict.fromkeys(declarations_of(stage).outputs, "plain/v1:0")
    newer = changed_stage(RECORD, stage, version=9, outputs=outputs)
    found = assess(SETTINGS_OF_TOLERANCE, RECORD, newer, ToleranceRequest(), MEANING)
    sentence = f"stage {stage} was redefined: reference version 1, this run 9"

    assert (found.verdict, found.holds, found.divergence) == ("identical", True, None)
    assert sentence in found.reasons
    assert {c.outcome for c in found.checks if c.name.startswith(f"stages.{stage}.")} == {
        Outcome.EXPLAINED
    }


@pytest.mark.parametrize("stage", [s.name for s in STAGES if not (s.diagnostic or s.setting)])
def test_a_redefined_stage_of_the_result_excuses_nothing(stage):
    """It is named, and other numbers are different numbers."""
    name = next(iter(RECORD.metrics.test))
    wrong = Estimate(value=0.1, low=0.0, high=0.2)
    metrics = RECORD.metrics.model_copy(update={"test": RECORD.metrics.test | {name: wrong}})
    outputs = dict.fromkeys(declarations_of(stage).outputs, "other/v1:0")
    newer = changed_stage(RECORD, stage, version=2, outputs=outputs)
    newer = altered(newer, metrics=metrics)
    found = assess(SETTINGS_OF_TOLERANCE, RECORD, newer, ToleranceRequest(), MEANING)

    assert not found.holds
    assert redefined(RECORD.stages, newer.stages)[stage] in found.reasons


def declarations_of(name):
    return next(stage for stage in declarations.STAGES if stage.name == name)


@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.keyed], ids=lambda s: s.section)
def test_an_input_of_a_key_still_accuses(setting):
    """Records that compare have it in common: a digest that differs was edited."""
    for stage in RECORD.stages.stages:
        for name in stage.inputs:
            if setting.makes(name) and not any(name in s.outputs for s in RECORD.stages.stages):
                inputs = stage.inputs | {name: "other/v1:0"}
                edited = changed_stage(RECORD, stage.name, inputs=inputs)
                found = assess(SETTINGS_OF_TOLERANCE, RECORD, edited, ToleranceRequest(), MEANING)

                assert found.verdict == "incomparable"
                assert f"the input {name} of stages.{stage.name} differs" in found.reasons[0]


@pytest.mark.parametrize("setting", [s for s in SETTINGS if not s.keyed], ids=lambda s: s.section)
def test_an_input_in_no_key_accuses_nobody(setting):
    """Whoever allows a module, or bins a baseline differently, has edited nothing."""
    for stage in RECORD.stages.stages:
        inputs = {
            name: "other/v1:0" if setting.makes(name) else digest
            for name, digest in stage.inputs.items()
        }
        other = changed_stage(RECORD, stage.name, inputs=inputs)
        found = assess(SETTINGS_OF_TOLERANCE, RECORD, other, ToleranceRequest(), MEANING)

        assert (found.verdict, found.holds) == ("identical", True)


def test_a_finding_that_follows_from_a_limit_is_no_difference():
    """The limit is in no key; the finding is named with it."""
    findings = RECORD.metrics.findings[:0]
    check = declarations_of("check")
    (made,) = check.outputs
    safety = RECORD.config["safety"] | {"suspicious_score": 0.5}
    stage = next(s for s in RECORD.stages.stages if s.name == "check")
    other = altered(changed_stage(
        RECORD, "check", inputs=stage.inputs | {"safety": "other/v1:0"},
        outputs={made: digest_plain((*findings, "x"))},
    ), config=RECORD.config | {"safety": safety})  # fmt: skip
    found = assess(SETTINGS_OF_TOLERANCE, RECORD, other, ToleranceRequest(), MEANING)

    assert (found.verdict, found.divergence) == ("identical", None)
    assert any("safety.suspicious_score" in reason for reason in found.reasons)
