"""What a record never holds: secrets, values of data, variables, folders of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from repro.core.redaction import redacted_text, redacted_words

KEY = "hf_" + "a" * 30


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--password", "x"], ("--password", "<redacted>")),
        (["--api-key=x"], ("--api-key=<redacted>",)),
        (["--db.password=x"], ("--db.password=<redacted>",)),
        (["env", "HF_TOKEN=x", "python"], ("env", "HF_TOKEN=<redacted>", "python")),
        (["--max-tokens", "5"], ("--max-tokens", "5")),
        (["--token", "5"], ("--token", "5")),
        (["--tokenizer", "bert"], ("--tokenizer", "bert")),
        (["--token", "--verbose"], ("--token", "--verbose")),
        ([f"--hub={KEY}"], ("--hub=<redacted>",)),
        (["s3://id:key@bucket/a"], ("s3://<redacted>@bucket/a",)),
        (["user@host", "a@b"], ("user@host", "a@b")),
    ],
)
def test_arguments(words, expected):
    assert redacted_words(words) == expected


def test_a_text_keeps_everything_but_the_secret():
    assert redacted_text(f"login with {KEY} to https://a:b@c/d done") == (
        "login with <redacted> to https://<redacted>@c/d done"
    )


def test_a_record_holds_no_secret_no_value_and_no_folder(folder):
    folder.write(
        "train.py",
        "import os, sys\nimport pandas as pd\nfrom sklearn.linear_model import Ridge\n"
        "data = pd.DataFrame({'name': ['Ada Secretname'] * 3, 'x': [1.0, 2.0, 7.123456789]})\n"
        "Ridge().fit(data[['x']], data['x'])\n"
        "data.to_csv(os.path.abspath('out.csv'))\n"
        f"print(os.environ['PLANTED_VARIABLE'] and {KEY!r})\n",
    )
    planted = "planted-value-of-a-variable"
    done = folder.repro(
        "record", "--", "python", "train.py", "--token", "verysecret", PLANTED_VARIABLE=planted
    )
    assert done.status == 0, done.err
    [run] = folder.runs()
    held = b"".join(path.read_bytes() for path in run.iterdir()).decode()
    for secret in ("verysecret", planted, "Ada Secretname", KEY):
        assert secret not in held
    record = (run / "record.json").read_text()
    assert str(folder.path) not in record
    assert f"{Path.home()}{os.sep}" not in record
    refused = folder.repro("verify")
    assert refused.status == 3
    assert "was redacted" in refused.err
