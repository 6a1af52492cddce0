"""A report says what was run, on which rows, and what was set: in Markdown and on the page."""

from __future__ import annotations

import html as markup
import re
import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import ROOT, make_project
from tests.report.test_run_page import facts_of

from repro.app.configuration import resolve_request
from repro.app.report import run_page
from repro.cli.options import make_request
from repro.report import Request, html, markdown
from repro.report.texts import shell
from repro.store import read_run

DROPPED = ("-s", "features.drop=[Job, Records]")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """By name, a run and the words that made it."""
    project = make_project(tmp_path_factory.mktemp("facts") / "project")
    project.write(
        "own.yaml", "schema: repro.overlay/v1\nevaluation:\n  bootstrap:\n    resamples: 40\n"
    )
    words = {
        "limited": ("credit", "-p", "debug", "-f", "own.yaml", "-m", "decision_tree", *DROPPED),
        "regression": ("diabetes", "-p", "debug", "-m", "ridge", "-s", "drift.bins=7"),
        "unstratified": (
            "wine",
            "-m",
            "decision_tree",
            "-s",
            "split.stratify=false",
            "--seed",
            "7",
        ),
    }
    return {name: (project.train(*words), words) for name, words in words.items()}


def texts_of(path):
    """Both reports of a run as plain text, and the page that ``repro report`` writes."""
    page = (path / "report.html").read_text()
    later = run_page(path.parent, path.name).content
    plain = [markup.unescape(re.sub(r"<[^>]*>", " ", text)) for text in (page, later)]
    return [markup.unescape((path / "report.md").read_text()), *plain]


@pytest.mark.parametrize("name", ["limited", "regression", "unstratified"])
def test_the_command_is_the_one_that_was_run(trained, name):
    """A shell splits what every report says into the words that were given."""
    path, words = trained[name]
    for text in texts_of(path):
        said = re.search(r"repro train .*?--json.*", text)[0]
        found = shlex.split(said.removesuffix("."))

        assert ["repro", "train", *words, "--json", "--project"] == found[: len(words) + 4]


@pytest.mark.parametrize(
    ("name", "used"),
    [
        (
            "limited",
            "600 of 4454 rows: 450 to train on, 150 held out, 3854 left out by split.limit",
        ),
        ("regression", "442 rows: 331 to train on, 111 held out;"),
        ("unstratified", "178 rows: 133 to train on, 45 held out;"),
    ],
)
def test_the_rows_are_those_that_were_used(trained, name, used):
    """As many as ceil(0.25 n) are held out of the n that the limit leaves."""
    for text in texts_of(trained[name][0]):
        assert used in text


@pytest.mark.parametrize(
    ("name", "stratified"), [("limited", True), ("regression", False), ("unstratified", False)]
)
def test_only_what_was_stratified_is_called_so(trained, name, stratified):
    """The setting has no effect on a regression."""
    for text in texts_of(trained[name][0]):
        assert stratified == ("0.25, stratified by class" in text)
        assert stratified == ("stratified" in text.replace("split.stratify", ""))


def test_a_regression_is_described_without_words_for_classes(trained):
    """In every form, but for the names in styles."""
    words = r"(?i)\b(?:class(?:es)?|strat\w+|positive|precision|recall|confusion)\b"

    def said(name):
        path = trained[name][0]
        page = (path / "report.html").read_text()
        pages = [page, run_page(path.parent, path.name).content]
        plain = [re.sub(r"(?s)<style>.*?</style>|<[^>]*>", " ", text) for text in pages]
        return [re.findall(words, text) for text in [(path / "report.md").read_text(), *plain]]

    assert said("regression") == [[], [], []]
    assert all(said("limited"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("limited", ["split.limit 600 configs/profiles/debug.yaml", "--set features.drop"]),
        (
            "limited",
            ["evaluation.bootstrap.resamples 40 own.yaml", '["decision_tree"] --model'],
        ),
        ("limited", ["dropped columns Job, Records", "profile debug"]),
        ("regression", ["dropped columns none", "ignored columns none", "profile debug"]),
        ("regression", ["drift.bins 7 --set drift.bins", "selection.folds 2 configs"]),
        ("unstratified", ["seed 7 --seed", "profile default"]),
    ],
)
def test_profile_overrides_and_columns_left_out_are_shown(trained, name, said):
    """Each value beside what set it; the words follow each other in every form."""
    for text in texts_of(trained[name][0]):
        words = " ".join(re.sub(r"[|\s]+", " ", text).split())

        assert [part for part in said if part not in words] == []


def test_a_default_run_was_given_nothing():
    """What base, models and experiment say is nobody's override."""
    resolved = resolve_request(ROOT, make_request(experiment="credit"))

    assert {} == resolved.overrides


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"seed": 7}, {"seed": "--seed"}),
        ({"test_size": 0.3}, {"split.test_size": "--test-size"}),
        ({"models": ("knn",)}, {"families": "--model"}),
        ({"variants": ("knn=near",)}, {"models.knn.variant": "--variant"}),
        ({"workers": 2}, {"execution.workers": "--workers"}),
        ({"settings": ("split.limit=99",)}, {"split.limit": "--set split.limit"}),
        (
            {"settings": ("models.knn.params.n_neighbors=3",)},
            {"models.knn.params.n_neighbors": "--set models.knn.params.n_neighbors"},
        ),
    ],
)
def test_each_flag_is_an_override(options, expected):
    """The flag is named by its own name."""
    request = make_request(experiment="credit", **options)

    assert expected == resolve_request(ROOT, request).overrides


def test_a_run_from_before_says_less(trained):
    """A lineage without overrides is read, and its report shows the command and profile."""
    path, _ = trained["limited"]
    lineage = read_run(path).lineage.model_copy(update={"overrides": None})
    facts = facts_of(path, request=Request.of(lineage))

    assert ("debug", {}) == (facts.request.profile, facts.request.overrides)
    assert "Set for this run" not in markdown(facts) + html(facts)


def test_facts_without_a_request_are_a_report(trained):
    """Nothing is said of a command that is not known."""
    assert "repro train" not in markdown(facts_of(trained["limited"][0]))


@pytest.mark.skipif(sys.platform == "win32", reason="bash reads the words")
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1))
def test_a_shell_reads_back_every_word(words):
    """Whatever is in a word, bash finds the same words, and they are on one line."""
    line = shell(words)
    script = f"printf '%s\\0' {line}"
    found = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout

    assert line.isprintable()
    assert [word.encode() for word in words] == found.split(b"\0")[:-1]
