"""`repro export card`: read back by the parser of Hugging Face, with no value of a row."""

from __future__ import annotations

import csv
import json
import re

import pytest
import yaml

from tests.conftest import ROOT, command


@pytest.fixture(scope="module")
def card(trained, tmp_path_factory):
    _, run = trained
    file = tmp_path_factory.mktemp("card") / "README.md"
    done = command("-m", "repro", "export", "card", run, "-o", file, "--licence", "mit")
    assert (done.status, done.err) == (0, "")
    return file.read_text(encoding="utf-8"), run


@pytest.mark.scripts
def test_a_card_is_read_back_by_hugging_face(card):
    """Its results are those of the run, with every bit."""
    from huggingface_hub import ModelCard

    text, run = card
    data = ModelCard(text).data
    metrics = json.loads((run / "metrics.json").read_bytes())["test"]
    record = json.loads((run / "record.json").read_bytes())

    assert (data.library_name, data.license) == ("sklearn", "mit")
    assert data.pipeline_tag == "tabular-classification"
    assert data.model_name == "credit"
    assert {each.metric_type: each.metric_value for each in data.eval_results} == {
        name: estimate["value"] for name, estimate in metrics.items()
    }
    (first, *_) = data.eval_results
    assert (first.dataset_type, first.task_type) == ("credit", "tabular-classification")
    assert first.dataset_revision == record["materials"]["data"][0]["content"]
    assert data.metrics == list(metrics)


def test_the_metadata_is_plain_yaml(card):
    """Without a package of the hub, and the text names run, keys and columns."""
    text, run = card
    _, metadata, body = text.split("---\n", 2)
    record = json.loads((run / "record.json").read_bytes())

    assert list(yaml.safe_load(metadata)) == [
        "license", "library_name", "pipeline_tag", "tags", "metrics", "model-index",
    ]  # fmt: skip
    assert run.name in body
    assert record["identity"]["strict_key"] in body
    assert "Seniority, Time, Age" in body
    assert "| C | 1.0 |" in body


def test_no_value_of_a_row_is_in_a_card(card):
    """No category of any column, and no label."""
    text, _ = card
    with (ROOT / "data" / "credit.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ("Status", "Home", "Marital", "Records", "Job")
    # The others are words of the card itself, or of the description that the owner wrote.
    values = {row[name] for row in rows for name in columns} - {"", "bad", "no", "yes"}

    assert {"good", "married", "freelance"} <= values
    assert [value for value in values if re.search(rf"\b{value}\b", text)] == []


def test_a_command_has_no_card(tmp_path):
    (tmp_path / "s.py").write_text("open('out.txt', 'w').write('x')\n")
    done = command("-m", "repro", "record", "--", "python", "s.py", cwd=tmp_path)
    assert done.status == 0, done.err
    done = command("-m", "repro", "export", "card", "-o", "README.md", cwd=tmp_path)

    assert done.status == 3
    assert "has no model to describe" in done.err
    assert not (tmp_path / "README.md").exists()
