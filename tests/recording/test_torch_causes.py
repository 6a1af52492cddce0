"""``repro explain`` of PyTorch scripts: which of the three dispatchers changed the bits."""

import json

import pytest

from repro.processor import X86_64_V3, present
from tests.needs import require
from tests.schemas import kind_of_valid

pytestmark = [
    pytest.mark.scripts,
    pytest.mark.skipif(
        not X86_64_V3 <= (present() or frozenset()), reason="pins of x86-64 processors with AVX2"
    ),
]
# No dispatcher changes these numbers, nor a step by a power of two: with other rates, ATen's
# subtraction of a product rounds once or twice.
START = """
import torch
from torch import nn
torch.manual_seed(0)
n = torch.arange(1, 40001)
grid = (n * 16807 % 2147).float() / 2147 - 0.5
other = (n * 48271 % 1999).float() / 1999 - 0.5
def fit(parameters, loss):
    optimizer = torch.optim.SGD(parameters, lr=0.125)
    optimizer.zero_grad()
    loss().backward()
    optimizer.step()
"""
# A product of matrices alone, whose gradient is one, too.
PRODUCT = """
weights = nn.Parameter(other.reshape(200, 200))
fit([weights], lambda: (grid.reshape(200, 200) @ weights).square().sum())
"""
SOFTMAX = """
weights = nn.Parameter(grid.reshape(200, 200))
fit([weights], lambda: (weights.softmax(1) * other.reshape(200, 200)).sum())
"""
RANDOM = """
weights = nn.Parameter(torch.randn(1000))
fit([weights], lambda: weights.sum())
"""
CONVOLUTION = """
weights = nn.Parameter(other[:16 * 27].reshape(16, 3, 3, 3))
images = grid[:4 * 3 * 32 * 32].reshape(4, 3, 32, 32)
fit([weights], lambda: nn.functional.conv2d(images, weights).square().sum())
"""
LSTM = """
layer = nn.LSTM(32, 24, batch_first=True)
with torch.no_grad():
    for each in layer.parameters():
        each.copy_(other[:each.numel()].reshape(each.shape))
texts = grid[:20480].reshape(32, 20, 32)
fit(layer.parameters(), lambda: layer(texts)[0].sum())
"""
ATEN, MKL, ONEDNN = (f"{name}'s code paths" for name in ("ATen", "MKL", "oneDNN"))
SETTINGS = {
    ATEN: {"ATEN_CPU_CAPABILITY": "default"},
    MKL: {"MKL_CBWR": "COMPATIBLE"},
    ONEDNN: {"ONEDNN_MAX_CPU_ISA": "SSE41"},
}
ONLY = {
    "product": (PRODUCT, MKL),
    "softmax": (SOFTMAX, ATEN),
    "random numbers": (RANDOM, ATEN),
    "convolution": (CONVOLUTION, ONEDNN),
    "lstm": (LSTM, ONEDNN),
}
FREE = dict.fromkeys(("ATEN_CPU_CAPABILITY", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA"))
# One thread: the level that lets these variables in leaves the number of threads free.
ALONE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@pytest.fixture(autouse=True)
def _torch():
    require("torch")


def recorded(folder, **env):
    folder.record("python", "train.py", options=("--level", "seeded"), **FREE | ALONE | env)
    return folder.runs()[-1]


def explained(folder, *words, status, **env):
    done = folder.repro("explain", *words, "--json", **FREE | ALONE | env)
    found = json.loads(done.out)
    assert kind_of_valid(found) == "explanation"
    assert done.status == status, found["sentence"]
    return found


@pytest.mark.parametrize("name", ONLY)
def test_the_dispatcher_that_changes_bits_is_confirmed_and_the_others_are_acquitted(folder, name):
    """All three differ; each is changed alone, and the one that matters brings back the bits."""
    body, guilty = ONLY[name]
    folder.write("train.py", START + body)
    every = {key: value for each in SETTINGS.values() for key, value in each.items()}
    first = recorded(folder, **every)

    found = explained(folder, first, status=0)

    assert found["confirmed"] == [guilty]
    assert f"because of {guilty}" in found["sentence"]
    confirming = [each for each in found["trials"] if each["confirms"]]
    assert [each["settings"] for each in confirming] == [SETTINGS[guilty]]
    assert confirming[0]["agreeing"] == confirming[0]["outputs"] > 0
    for innocent in SETTINGS.keys() - {guilty}:
        tried = [each for each in found["trials"] if each["causes"] == [innocent]]
        assert not any(each["confirms"] for each in tried)
        assert innocent not in {each["cause"] for each in found["suspected"]}


@pytest.mark.parametrize("name", ["product", "lstm"])
def test_a_dispatcher_that_changes_no_bit_leaves_nothing_to_explain(folder, name):
    """It is recorded as different, and both runs have the same bits."""
    body, guilty = ONLY[name]
    folder.write("train.py", START + body)
    innocent = {k: v for c, each in SETTINGS.items() if c != guilty for k, v in each.items()}
    first, second = recorded(folder, **innocent), recorded(folder)

    assert folder.repro("compare", first, second).status == 0
    found = explained(folder, first, "--against", second, status=0)
    assert found["sentence"].startswith("nothing to explain: ")
