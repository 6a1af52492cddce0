"""The page of a comparison: complete, harmless, bounded, and read by a real browser."""

import pickle
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from tests.conftest import ROOT, command
from tests.forging import altered
from tests.report.pages import (
    EVIL,
    Reader,
    browse,
    browser,
    check_harmless,
    check_layout,
    check_pictures,
    pictures,
    words,
)

from repro.app.compare import Entry, compare_all, read_entry
from repro.core.jsonfile import bound
from repro.divergence.tolerance import ToleranceRequest
from repro.report.comparison_page import comparison_html
from repro.report.plots.dots import shapes


def page(entries):
    report = compare_all(None, entries[0], entries[1:], ToleranceRequest())
    return comparison_html(report, entries[0].record, [entry.record for entry in entries[1:]])


def changed(entry, name="changed", **changes):
    return Entry(name, bound(altered(entry.record, **changes)), entry.code, "")


def moved(entry, by, name="moved", rows=None):
    """Give every score of a binary record a push, and the label that follows from it."""

    def push(row, place):
        score = min(max(row.scores[0] + by * (1 + place / 1000), 0.0), 1.0)
        label = "malignant" if score >= 0.5 else "benign"
        return row.model_copy(
            update={"scores": (score,), "margin": abs(score - 0.5), "label": label}
        )

    predictions = entry.record.predictions
    pushed = tuple(push(row, place) for place, row in enumerate(rows or predictions.rows))
    test = {
        metric: estimate.model_copy(update={"value": estimate.value + by})
        for metric, estimate in entry.record.metrics.test.items()
    }
    stages = tuple(
        stage.model_copy(
            update={"outputs": {o: f"{d[:-9]}{by:9.1e}" for o, d in stage.outputs.items()}}
        )
        if stage.name in {"fit", "predict", "evaluate"}
        else stage
        for stage in entry.record.stages.stages
    )
    return changed(
        entry,
        name,
        predictions=predictions.model_copy(update={"rows": pushed, "total": len(pushed)}),
        metrics=entry.record.metrics.model_copy(update={"test": test}),
        stages=entry.record.stages.model_copy(update={"stages": stages}),
    )


def test_the_page_says_what_the_report_says(entries):
    """The verdict in a sentence, every record, and why the last one is incomparable."""
    report = compare_all(None, entries[0], entries[1:], ToleranceRequest())
    told = words(page(entries))

    assert "1 of 3 records does not reproduce the reference." in told
    assert all(entry.name in told for entry in entries)
    assert "seed differs: reference 42, this run 7" in told
    assert "its input split_seeds differs already" in told
    for candidate in report.candidates:
        for suspect in candidate.suspects:
            assert suspect.cause in told


def test_the_parting_stage_is_marked_in_words(entries):
    """For who cannot see the frame; exactly the outputs of the first stage that parts."""
    report = compare_all(None, entries[0], [entries[3]], ToleranceRequest())
    text = comparison_html(report, entries[0].record, [entries[3].record])
    outputs = report.candidates[0].comparison.divergence.outputs

    assert text.count("diverges first</span></td>") == len(outputs) > 0


def test_records_that_all_agree_need_no_explanation(entries):
    """One group, and nothing suspected."""
    told = words(page([entries[0], entries[1]]))

    assert "The record reproduces the reference." in told
    assert "Nothing to explain" in told
    assert "No label flipped." in told


def test_flipped_rows_are_counted_and_shown(entries):
    """Those whose score crosses the boundary, as their own numbers say."""
    far = moved(entries[0], 0.05)
    flips = sum(
        a.label != b.label
        for a, b in zip(
            entries[0].record.predictions.rows, far.record.predictions.rows, strict=True
        )
    )
    told = words(page([entries[0], far]))

    assert flips > 0
    assert f"{flips} label{'s' if flips > 1 else ''} flipped." in told
    assert told.count("benign → malignant, flipped") == flips


def test_the_same_input_gives_the_same_bytes(entries):
    """In this process, and in others with another order of sets."""
    script = (
        "import sys, pickle; from tests.report.test_comparison_page import page;"
        "sys.stdout.buffer.write(page(pickle.load(sys.stdin.buffer)).encode())"
    )
    given = pickle.dumps(entries)
    told = {
        subprocess.run(
            [sys.executable, "-c", script], input=given, capture_output=True, check=True,
            env={"PYTHONHASHSEED": seed, "PATH": "", "HOME": "/nowhere"},
        ).stdout
        for seed in ("0", "5")
    }  # fmt: skip

    assert told == {page(entries).encode()}


def test_the_page_loads_nothing_and_holds_no_script(entries):
    """No address, no script, no handler; the policy forbids all of it besides."""
    check_harmless(page(entries))


def test_every_id_is_there_once_and_every_picture_is_told(entries):
    """References inside pictures meet their own target; title and description are not empty."""
    pages = page([entries[0], moved(entries[0], 1e-9), moved(entries[0], 0.05)])

    assert check_pictures(pages) == {"metrics", "scores", "margins"}


def named_groups(picture):
    """Return what the key of a picture says of groups."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
    return [t.removeprefix("group ") for t in texts if re.fullmatch("(group )?[A-Z]|others", t)]


def test_every_picture_has_a_key_of_its_groups(entries):
    """Those that it has dots of; of many, the ones without a shape of their own in one word."""
    few = pictures(page([*entries[:2], moved(entries[0], 1e-9), moved(entries[0], 0.05)]))
    moves = [moved(entries[0], 10.0**-power, f"moved-{power}") for power in range(2, 12)]
    many = pictures(page([entries[0], *moves]))

    assert {name: named_groups(picture) for name, picture in few.items()} == {
        "metrics": ["B", "C"], "scores": ["A", "B", "C"], "margins": ["B", "C"]
    }  # fmt: skip
    assert {tuple(named_groups(picture)) for picture in many.values()} == {
        ("B", "C", "D", "E", "F", "others")
    }


def test_a_group_has_the_same_shape_wherever_it_is_drawn():
    """By the order of the letters, whatever order they come in."""
    assert list(shapes(["AA", "C", "A"])) == ["A", "C", "AA"]
    assert shapes("CAB") == shapes("ABC")
    assert len(set(shapes("ABCDEFGHIJ").values())) == len(shapes("ABCDEFGHIJ")) == 6


def test_what_a_record_says_is_harmless_and_bounded(entries):
    """Markup, control characters and endless names, wherever a record may hold a text."""
    record = entries[2].record
    first, *rest = record.predictions.rows
    test = dict(record.metrics.test)
    environment = record.environment.model_copy(
        update={
            "bits": EVIL,
            "level": EVIL,
            "packages": record.environment.packages | {"numpy": EVIL},
            "threads": {EVIL: EVIL},
        }
    )
    stages = record.stages.model_copy(
        update={
            "stages": (
                *record.stages.stages,
                record.stages.stages[0].model_copy(update={"name": EVIL, "outputs": {EVIL: EVIL}}),
            )
        }
    )
    evil = changed(
        entries[2],
        EVIL,
        environment=environment,
        stages=stages,
        metrics=record.metrics.model_copy(
            update={"test": {**test, EVIL: test["accuracy"]}, "model": EVIL}
        ),
        predictions=record.predictions.model_copy(
            update={"rows": (first.model_copy(update={"label": EVIL, "truth": EVIL}), *rest)}
        ),
    )
    for pair in ([entries[0], evil], [evil, entries[0]], [evil, evil]):
        text = page(pair)
        assert "script" not in {tag for tag, _ in Reader(text).tags}
        assert "`49" not in text
        assert set(re.findall(r"[\x00-\x08\x0b-\x1f\u202e]", text)) == set()
        assert len(text) < 500_000


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e-300, 1e300, 1.7e308, -1e300])
def test_numbers_at_the_edge_of_floats_can_be_drawn(entries, value):
    """Tiny, huge and zero differences, margins and scores."""
    record = entries[0].record
    rows = tuple(
        row.model_copy(update={"scores": (value,), "margin": abs(value)})
        for row in record.predictions.rows[:9]
    )
    extreme = changed(
        entries[0],
        predictions=record.predictions.model_copy(
            update={"rows": (*rows, *record.predictions.rows[9:])}
        ),
        metrics=record.metrics.model_copy(
            update={
                "test": {
                    name: estimate.model_copy(update={"value": value})
                    for name, estimate in record.metrics.test.items()
                }
            }
        ),
    )
    for pair in ([entries[0], extreme], [extreme, entries[0]], [extreme, extreme]):
        text = page(pair)
        assert re.findall(r'(?: [xyd]|viewBox)="[^"]*(?:nan|inf)', text) == []
        assert text.count("<svg") == 3


def test_other_tasks_have_pages(trained):
    """The default experiment, and its record against the first version's."""
    project, run = trained
    one = read_entry(project.path, project.path / "runs", run.name)
    first = read_entry(ROOT, ROOT, str(ROOT / "tests" / "data" / "record_v1.json"))

    assert "record_v1.json" in words(page([first, one]))


def test_without_matplotlib_the_error_says_what_to_install(tmp_path):
    """And the rest of the package is none the worse."""
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").write_text("raise ImportError('planted')")
    script = (
        "from repro.core.errors import PreconditionError;"
        "from repro.report.comparison_page import comparison_html\n"
        "try: comparison_html(None, None, [])\n"
        "except PreconditionError as error: print(error.message, '|', error.advice)"
    )
    result = command("-c", script, env={"PYTHONPATH": str(tmp_path)})

    assert "needs matplotlib" in result.out, result.err
    assert "pip install -e '.[plots]'" in result.out


def test_a_thousand_records_make_a_page_that_can_be_read(entries):
    """All of them different from each other, each with 250 predictions."""
    rows = (entries[0].record.predictions.rows * 2)[:250]
    rows = [row.model_copy(update={"row": place}) for place, row in enumerate(rows)]
    reference = moved(entries[0], 0.0, "reference", rows)
    others = [
        moved(entries[0], 10.0 ** -(1 + place % 15) * (1 + place / 1000), f"record-{place}", rows)
        for place in range(1000)
    ]
    text = page([reference, *others])

    assert len(text.encode()) < 2_000_000
    assert "of 1000 records do not reproduce" in words(text)
    assert "further records on" in words(text)


def test_identical_records_share_a_line(entries):
    """Three hundred of them are as long as one, and their names are folded."""
    many = [replace(entries[1], name=f"copy-{place}") for place in range(300)]
    text = page([entries[0], *many])

    assert "and 299 more" in words(text)
    assert len(text) < len(page([entries[0], entries[1]])) + 100_000


@browser
@pytest.mark.parametrize("width", [360, 1300])
def test_a_browser_shows_it_without_a_complaint(entries, tmp_path, width):
    """No message on its console, every section laid out, and nothing wider than the window."""
    check_layout(page([*entries, moved(entries[0], 0.05)]), tmp_path, width)


@browser
def test_the_policy_stops_a_planted_script_and_picture(entries, tmp_path):
    """The last line of defence works: were markup to slip through, it would do nothing."""
    path = tmp_path / "page.html"
    planted = '<script>document.title="ran"</script><img src="planted.png">'
    path.write_text(page(entries[:2]).replace("</main>", planted + "</main>"), encoding="utf-8")
    dom, complaints = browse(path, tmp_path, "--dump-dom")

    assert "<title>ran" not in dom
    assert complaints.count("Content Security Policy") >= 2
