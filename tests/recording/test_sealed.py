"""``repro record --sealed``: what was not declared is refused by name at the first run already."""

from __future__ import annotations

import pytest

from repro.launch.seal.command import available_seal

pytestmark = pytest.mark.skipif(
    not available_seal().files, reason="this kernel has no Landlock, or its seal is refused"
)
SCRIPT = "import pandas as pd\nprint(len(pd.read_csv('iris.csv')))\n"


def test_data_has_to_be_declared(folder):
    folder.write("train.py", SCRIPT)
    refused = folder.repro("record", "--sealed", "--", "python", "train.py")
    assert refused.status == 1
    assert "the seal refused to read iris.csv; declare it: --input iris.csv" in refused.err
    record = folder.record("python", "train.py", options=("--sealed", "--input", "iris.csv"))
    assert record["observed"]["sealed"] == "sealed"
    assert record["observed"]["remarks"] == []
    assert record["observed"]["stdout"] == "150\n"
