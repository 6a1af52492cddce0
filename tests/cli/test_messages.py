"""Commands that fail say so in a sentence: those that `make messages` runs."""

import shutil

import pytest
from tests.conftest import ROOT, command
from tests.test_language import counted

from tools.messages import shown
from tools.wording.cases import cases
from tools.wording.driving import Printed, drive

CASES = list(cases())


def runner(words, folder, variables):
    result = command("-m", "repro", *words, cwd=folder, env=variables or None)
    return Printed(result.status, result.out, result.err)


@pytest.fixture(scope="module")
def project(trained, tmp_path_factory):
    made, _ = trained
    folder = tmp_path_factory.mktemp("messages") / "project"
    shutil.copytree(made.path, folder)
    shutil.copy(ROOT / "matrix.yaml", folder / "matrix.yaml")
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.words))
def test_a_failure_is_a_sentence_in_plain_english(case, project, tmp_path):
    """No traceback, no defect, no place of this machine, and none of the phrases to avoid."""
    printed = drive(case, project, tmp_path / "project", runner)
    text = shown(case, printed)

    assert (printed.status in {1, 2, 3}, "Traceback" in text, "defect" in text) == (
        True,
        False,
        False,
    )
    assert str(tmp_path) not in text
    assert {name: count for name, count in counted([printed.err]).items() if count} == {}
