"""What a record says goes into the environment of a training here only as far as it can be true."""

import pytest
from tests.conftest import ROOT

from repro.app.explain.interventions import dispatch, settings_of
from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile

FILE = ROOT / "reference" / "credit.json"
RECORD = load_record(FILE.read_bytes(), FILE.name, RecordFile)
HERE = RECORD.environment
HOSTILE = {
    "PYTHONPATH": "/elsewhere",
    "PYTHONWARNINGS": "all:0:antigravity.x:0:0",
    "BROWSER": "sh -c true #%s",
    "LD_PRELOAD": "/elsewhere/a.so",
    "A=B": "c",
}


def test_no_variable_but_those_that_are_observed():
    """Else a record could make Python, or the loader, run whatever it likes."""
    there = HERE.model_copy(update={"threads": {**HERE.threads, **HOSTILE, "OMP_NUM_THREADS": "2"}})
    found = dispatch("numbers of threads", there, HERE)

    assert found == {**{name: HERE.threads[name] for name in found}, "OMP_NUM_THREADS": "2"}
    assert HOSTILE.keys().isdisjoint(found)
    other = RECORD.model_copy(update={"environment": there})
    assert HOSTILE.keys().isdisjoint(settings_of(other, RECORD))


@pytest.mark.parametrize("value", ["2;touch x", "2\0", "$(id)", "2\n3", "", "9" * 201])
def test_no_value_that_cannot_be_one(value):
    """Nothing is tried then."""
    there = HERE.model_copy(update={"threads": {"OMP_NUM_THREADS": value}})
    kernels = tuple(n.model_copy(update={"architecture": value or "\0"}) for n in HERE.native)

    assert dispatch("numbers of threads", there, HERE) == {}
    assert dispatch("BLAS kernel", HERE.model_copy(update={"native": kernels}), HERE) == {}
    assert dispatch("hash seed", HERE.model_copy(update={"hash_seed": value}), HERE) == {}
    paths = HERE.code_paths.model_copy(update={"enabled": (value or "\0",)})
    assert dispatch("NumPy's code paths", HERE.model_copy(update={"code_paths": paths}), HERE) == {}
