"""Facts of a run that follow from its other files, and those that it only claims."""

import json

import pytest
from tests.forging import altered, rewritten

from repro.app.subjects.facts import claims, find_false_fact
from repro.app.subjects.records import record_of_run, sampled
from repro.app.subjects.subject import Subject, check_integrity
from repro.config.verification import Sample, VerificationSettings
from repro.core.errors import SchemaError
from repro.core.jsonfile import bound, dump_record
from repro.core.verdict import Outcome
from repro.divergence.assess import assess
from repro.divergence.tolerance import ToleranceRequest
from repro.store import read_run
from repro.training.declarations import MEANING

SETTINGS = VerificationSettings.model_validate(
    {
        "mode": "strict",
        "tolerance": {"absolute": 1e-6, "relative": 1e-6},
        "sample": {"size": 100, "boundary": 50},
    }
)
OTHER = "2020-01-01T00:00:00+00:00"


def dataset(run, **changes):
    return {"facts": {"dataset": run.lineage.dataset.model_copy(update=changes)}}


def facts(**changes):
    return lambda _: {"facts": changes}


def seeds(name, change):
    def edit(run):
        found = dict(run.seeds.seeds)
        change(found, name)
        return {"seeds": dump_record(run.seeds.model_copy(update={"seeds": found}))}

    return edit


def bump(found, name):
    found[name] += 1


def drop(found, name):
    del found[name]


def add(found, name):
    found[name] = 1


def first(found, name):
    """Give another order, which the digest of a stage's seeds has."""
    found[name] = found.pop(name)


def keys(**changes):
    def edit(run):
        changed = run.snapshot.keys.model_copy(update=changes)
        return {"snapshot": dump_record(run.snapshot.model_copy(update={"keys": changed}))}

    return edit


def part(file, attribute, **changes):
    return lambda run: {file: dump_record(getattr(run, attribute).model_copy(update=changes))}


def environment(**changes):
    def edit(run):
        inner = run.environment.environment.model_copy(update=changes)
        changed = run.environment.model_copy(update={"environment": inner})
        return {"environment": dump_record(changed)}

    return edit


EDITS = {
    "experiment": (facts(experiment="other"), "lineage.json", "experiment is other"),
    "name": (lambda run: dataset(run, name="other"), "lineage.json", "dataset.name is other"),
    "sha256": (lambda run: dataset(run, sha256="0" * 64), "lineage.json", "dataset.sha256 is 0"),
    "source": (lambda run: dataset(run, source="x.csv"), "lineage.json", "dataset.source is x.csv"),
    "content": (
        lambda run: dataset(run, content="frame/v1:0"), "snapshot.json", "replicate_key is",
    ),
    "commit": (facts(commit="0" * 40), "lineage.json", "commit is 0"),
    "created": (facts(created=OTHER), "lineage.json", f"created is {OTHER}"),
    "base": (part("seeds", "seeds", base=7), "seeds.json", "base is 7"),
    "scheme": (part("seeds", "seeds", scheme="constant"), "seeds.json", "scheme is constant"),
    "a seed": (seeds("fold/rows", bump), "seeds.json", "seeds.fold/rows is"),
    "another seed": (seeds("evaluate/bootstrap", bump), "seeds.json", "seeds.evaluate/bootstrap"),
    "a seed that is gone": (seeds("split/rows", drop), "seeds.json", "split/* is mapping/v1"),
    "a seed that is new": (seeds("split/more", add), "seeds.json", "seeds.split/more is 1"),
    "the order of seeds": (seeds("split/limit", first), "seeds.json", "split/* is mapping/v1"),
    "group": (
        part("snapshot", "snapshot", comparison_group="credit-0"), "snapshot.json",
        "comparison_group is credit-0",
    ),
    "replicate": (keys(replicate_key="replicate/v2:0"), "snapshot.json", "replicate_key is"),
    "strict": (keys(strict_key="strict/v2:0"), "snapshot.json", "strict_key is strict/v2:0"),
    "older key": (keys(strict_key="strict/v1:0"), "snapshot.json", "replicate_key is"),
    "environment key": (
        keys(environment_key="environment/v2:0"), "snapshot.json", "environment_key is",
    ),
    "a package": (environment(packages={"numpy": "9.9"}), "snapshot.json", "environment_key is"),
    "level": (environment(level="seeded"), "environment.json", "level is seeded"),
    "task": (part("metrics", "metrics", task="multiclass"), "metrics.json", "task is multiclass"),
    "metric": (
        part("metrics", "metrics", selection_metric="brier"), "metrics.json",
        "selection_metric is brier",
    ),
}  # fmt: skip


def broken(run):
    checks = check_integrity(Subject(run, is_run=True))
    return {check.name: check.detail for check in checks if check.outcome is not Outcome.SAME}


@pytest.mark.parametrize("name", EDITS)
def test_a_fact_that_another_file_contradicts_is_named(copied, name):
    """Whoever edits one file, and binds the lineage again, did not edit both."""
    _, run = copied
    edit, file, sentence = EDITS[name]
    assert find_false_fact(read_run(run)) is None
    rewritten(run, **edit(read_run(run)))

    (found,) = broken(run).items()
    assert found[0] == file
    assert found[1].startswith(f"{file}: {sentence}")
    assert found[1].endswith("one of the two was edited")


@pytest.mark.parametrize("dirty", [True, False, None])
def test_whether_a_commit_was_clean_is_said_twice(copied, dirty):
    _, run = copied
    recorded = read_run(run).lineage.dirty
    rewritten(run, facts={"dirty": dirty})

    assert ("lineage.json" in broken(run)) is (dirty != recorded)


def test_a_loaded_file_without_a_hash_is_no_lineage(copied):
    _, run = copied
    rewritten(run, facts={"loaded": ("made_up.py",)})

    assert "'made_up.py' has no hash under 'code'" in broken(run)["lineage.json"]


def with_rows(record, rows):
    (data,) = record.materials.data
    data = (data.model_copy(update={"rows": rows}),)
    return record.model_copy(
        update={"materials": record.materials.model_copy(update={"data": data})}
    )


@pytest.mark.parametrize("rows", [0, 1, 999, 5001, 10**9])
def test_one_table_has_one_number_of_rows(copied, rows):
    """A record that does not say it is no contradiction."""
    _, run = copied
    record = record_of_run(read_run(run))
    actual, forged, unknown = (with_rows(record, each) for each in (5000, rows, None))

    found = assess(SETTINGS, forged, actual, ToleranceRequest(), MEANING)
    assert found.verdict == "incomparable"
    assert found.reasons[0].startswith(f"dataset.rows: reference {rows}, this run 5000, although")
    for same in (forged, unknown):
        assert assess(SETTINGS, same, forged, ToleranceRequest(), MEANING).verdict == "identical"


def test_a_forged_number_of_rows_does_not_verify(copied):
    """Nothing else differs."""
    project, run = copied
    stored = read_run(run)
    record = dump_record(bound(with_rows(stored.record, 17)))
    rewritten(run, facts=dataset(stored, rows=17)["facts"], record=record)

    result = project.repro("verify", run, "--json")

    assert (result.status, result.json["comparison"]["verdict"]) == (1, "incomparable")
    assert result.json["comparison"]["reasons"][0].startswith(
        "dataset.rows: reference 17, this run "
    )
    assert {"created", "commit", "dirty", "host", "report.md", "model.joblib"} <= set(
        result.json["claimed"]
    )
    assert "results" not in result.json["claimed"]


def test_one_table_has_one_digest_of_its_rows_in_any_order(copied):
    _, run = copied
    record = record_of_run(read_run(run))
    forged = altered(record, unordered="rows/v1:0")
    older = altered(record, unordered="rows/v0:0")
    unknown = altered(record, unordered=None)

    assert assess(SETTINGS, record, record, ToleranceRequest(), MEANING).verdict == "identical"
    for pair in ((record, forged), (forged, record)):
        found = assess(SETTINGS, *pair, ToleranceRequest(), MEANING)
        assert (found.verdict, "in any order" in found.reasons[0]) == ("incomparable", True)
    for other in (older, unknown):
        assert assess(SETTINGS, record, other, ToleranceRequest(), MEANING).verdict == "identical"


@pytest.mark.parametrize("position", range(5))
def test_a_true_value_of_a_sample_is_compared_with_the_data_set(copied, position):
    """No stage's digest is of it; the training that repeats the record reads the data."""
    _, run = copied
    actual = record_of_run(read_run(run))
    sample = sampled(actual, Sample(size=100, boundary=50))
    rows = list(sample.predictions.rows)
    truth = "good" if rows[position].truth == "bad" else "bad"
    rows[position] = rows[position].model_copy(update={"truth": truth})
    changed = sample.predictions.model_copy(update={"rows": tuple(rows)})
    found = assess(
        SETTINGS,
        altered(sample, predictions=changed),
        actual,
        ToleranceRequest(),
        MEANING,
    )

    assert assess(SETTINGS, sample, actual, ToleranceRequest(), MEANING).verdict == "identical"
    assert found.verdict == "different"
    assert any("the true value of row" in reason for reason in found.reasons)


def test_what_is_claimed_is_named(copied):
    """Results and data are too, where nothing was trained; code is not where it is the same."""
    project, run = copied
    stored = read_run(run)
    record = record_of_run(stored)
    code = {"mine.py": "0" * 64}
    with_code = altered(record, code=code)
    plain = altered(record, code=None)

    checks = assess(SETTINGS, plain, plain, ToleranceRequest(), MEANING).checks

    assert claims(plain, plain, checks) == ("environment", "commit", "dirty")
    assert claims(plain)[:2] == ("results", "dataset")
    assert claims(plain, plain) == ("results", *claims(plain, plain, checks))
    assert claims(with_code, with_code, checks) == claims(plain, plain, checks)
    assert claims(with_code, plain, checks)[0] == "code"
    assert {"created", "host", "report.html"} <= set(claims(stored, record, checks))

    told = project.repro("verify", "--integrity", run)
    read = project.repro("verify", "--integrity", run, "--json")
    assert f"claimed, not checked: {', '.join(claims(stored))}" in told.out
    assert read.json["claimed"] == list(claims(stored))


def test_a_run_of_an_unknown_version_of_stages_is_not_called_intact(copied):
    _, run = copied
    stages = json.loads((run / "stages.json").read_text()) | {"version": 2}
    rewritten(run, stages=json.dumps(stages).encode())

    with pytest.raises(SchemaError, match="stages of version 2 are not known"):
        broken(run)
