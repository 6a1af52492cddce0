"""One dispatch, and a kind of thing that is added in one place."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from tests.conftest import ROOT

from repro.core.canonical import tagged_digest
from repro.digest.arrays import digest_array
from repro.digest.artefact import digest_artefact
from repro.digest.estimators import digest_estimator
from repro.digest.frames import digest_frame
from repro.digest.plain import digest_plain

ARRAY, FRAME, MODEL = np.arange(3.0), pd.DataFrame({"a": [1, 2]}), Ridge(alpha=2.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ARRAY, digest_array(ARRAY)),
        (FRAME, digest_frame(FRAME)),
        (MODEL, digest_estimator(MODEL)),
        ("text", digest_plain("text")),
        ({"a": [1, None]}, digest_plain({"a": [1, None]})),
    ],
)
def test_each_kind_has_its_own_function(value, expected):
    assert digest_artefact(value) == expected


@pytest.mark.parametrize("value", [ARRAY, FRAME, MODEL], ids=["array", "frame", "estimator"])
def test_a_container_is_digested_by_what_it_holds(value):
    """At any depth, and a change inside changes it."""
    held = digest_artefact({"x": (value, 1)})

    assert held == digest_artefact({"x": (value, 1)})
    assert held != digest_artefact({"x": (value, 2)})
    assert held != digest_artefact({"x": (np.zeros(2), 1)})


def test_a_kind_that_is_registered_is_digested_alone_and_inside():
    """Nothing else is touched."""

    class Money:
        def __init__(self, cents):
            self.cents = cents

    class Tip(Money):
        pass

    with pytest.raises((TypeError, ValueError)):
        digest_artefact(Money(5))
    digest_artefact.register(Money, lambda money: tagged_digest("money", money.cents))

    assert digest_artefact(Money(5)) == tagged_digest("money", 5)
    assert digest_artefact(Tip(5)) == tagged_digest("money", 5)
    assert digest_artefact([Money(5)]) != digest_artefact([Money(6)])


PLUGIN = """
from repro.core.canonical import tagged_digest

class Ratio:
    def __init__(self, text):
        self.text = text

def digest_ratio(ratio):
    return tagged_digest("ratio", ratio.text)
"""


def test_an_installed_package_adds_a_kind_by_an_entry_point(tmp_path):
    """It is loaded when a value of its class is digested, and not before."""
    package, info = tmp_path / "ratios", tmp_path / "ratios-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text("")
    (package / "kinds.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ratios\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[repro.digests]\nratios.kinds.Ratio = ratios.kinds:digest_ratio\n"
    )
    code = (
        "import sys\n"
        "from repro.digest.artefact import digest_artefact\n"
        "from repro.core.canonical import tagged_digest\n"
        "digest_artefact({'a': 1})\n"
        "assert 'ratios' not in sys.modules\n"
        "from ratios.kinds import Ratio\n"
        "assert digest_artefact(Ratio('1/3')) == tagged_digest('ratio', '1/3')\n"
    )
    path = f"{tmp_path}:{ROOT / 'src'}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_what_has_no_digest_is_refused():
    with pytest.raises((TypeError, ValueError)):
        digest_artefact(Fraction(1, 3))
