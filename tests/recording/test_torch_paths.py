"""The code paths of PyTorch: pinned by the portable levels, and read back where it ran."""

import os
import subprocess
import sys

import pytest

from repro.launch import Level
from repro.processor import X86_64_V3, present
from tests.needs import require

pytestmark = [
    pytest.mark.scripts,
    pytest.mark.skipif(
        not X86_64_V3 <= (present() or frozenset()), reason="pins of x86-64 processors with AVX2"
    ),
]
SCRIPT = """
import hashlib
import torch
torch.manual_seed(0)
X = torch.randn(512, 64)
y = (X[:, 0] > 0).float()[:, None]
model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.Tanh(), torch.nn.Linear(128, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for _ in range(15):
    optimizer.zero_grad()
    torch.nn.functional.binary_cross_entropy_with_logits(model(X), y).backward()
    optimizer.step()
whole = b"".join(each.detach().numpy().tobytes() for each in model.parameters())
print(hashlib.sha256(whole).hexdigest())
"""
ASK = "import torch; print(torch.backends.cpu.get_cpu_capability())"
PINS = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "AVX2"}
PATHS = {
    "portable": {"aten": "AVX2", "mkl": "COMPATIBLE", "onednn": "AVX2", "threads": "1"},
    "portable-v2": {"aten": "DEFAULT", "mkl": "COMPATIBLE", "onednn": "SSE41", "threads": "1"},
}


@pytest.fixture(autouse=True)
def _torch():
    require("torch")


@pytest.mark.parametrize("level", PATHS)
def test_a_level_pins_what_is_read_back(folder, level):
    """Whatever the caller's environment asks for; the values are those of the libraries."""
    folder.write("train.py", SCRIPT)
    asked = {"ATEN_CPU_CAPABILITY": "avx512", "MKL_CBWR": "AUTO", "ONEDNN_MAX_CPU_ISA": "ALL"}

    record = folder.record("python", "train.py", options=("--level", level), **asked)

    assert record["environment"]["tensors"] == PATHS[level]
    assert "code paths" not in {each["kind"] for each in record["observed"]["remarks"]}
    assert folder.verify(status=0)["comparison"]["verdict"] == "identical"
    plain = folder.repro("exec", "--level", level, "--", "python", "train.py", **asked)
    by_hand = subprocess.run(
        [sys.executable, "train.py"], cwd=folder.path, capture_output=True, text=True, check=True,
        env={**os.environ, **Level(level).variables},
    )  # fmt: skip
    assert plain.out == record["observed"]["stdout"] == by_hand.stdout


def test_a_level_that_pins_nothing_records_what_the_processor_chose(folder):
    folder.write("train.py", SCRIPT)
    record = folder.record("python", "train.py", options=("--level", "strict"))
    own = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)

    assert record["environment"]["tensors"]["aten"] == own.stdout.strip()
    assert record["environment"]["tensors"]["mkl"] != "COMPATIBLE"


def test_a_pin_that_does_not_take_is_named(folder):
    """A script may set what the level has fixed, before it imports the library."""
    early = "import os\nos.environ['MKL_CBWR'] = 'AUTO'\n"
    early += "os.environ['ONEDNN_MAX_CPU_ISA'] = 'AVX'\n"
    folder.write("train.py", early + SCRIPT + "torch.set_num_threads(2)\n")

    done = folder.repro("record", "--json", "--", "python", "train.py")

    assert done.status == 3
    assert "the command changed what the level fixes" in done.err
    record = done.json
    kinds = {"code paths", "not pinned"}
    found = [each for each in record["observed"]["remarks"] if each["kind"] in kinds]
    assert [each["message"].partition(",")[0] for each in found] == [
        "PyTorch's MKL takes the branch AUTO",
        "PyTorch's oneDNN has the limit AVX",
        "PyTorch's operations have threads: 2",
        "PyTorch computes by 2 threads without its deterministic algorithms: two runs can have"
        " other bits",
    ]
    assert "MKL_CBWR" in found[0]["fix"]
    assert "torch.use_deterministic_algorithms(True)" in found[-1]["fix"]

    folder.write("train.py", "import torch\ntorch.use_deterministic_algorithms(True)\n" + SCRIPT)
    switched = folder.record("python", "train.py")
    assert kinds.isdisjoint(each["kind"] for each in switched["observed"]["remarks"])


def test_two_levels_differ_by_the_code_paths_of_pytorch(folder):
    folder.write("train.py", SCRIPT)
    for level in PATHS:
        folder.record("python", "train.py", options=("--level", level))
    first, second = folder.runs()

    compared = folder.repro("compare", first, second)

    assert compared.status == 1
    assert "ATen's code paths" in compared.out
    assert "tensors.aten: reference AVX2, this run DEFAULT" in compared.out
    assert "oneDNN's code paths" in compared.out
    assert "MKL's code paths" not in compared.out


def test_the_doctor_names_what_chooses_by_the_processor(folder):
    """In the environment of the script, without importing the library."""
    found = folder.repro("doctor", ATEN_CPU_CAPABILITY="avx2")
    settled = folder.repro("doctor", **PINS)
    seeded = folder.repro("doctor", "--level", "seeded")
    otherwise = folder.repro("doctor", **{**PINS, "MKL_CBWR": "AVX2"})

    assert (
        "controlled     PyTorch                   not limited: MKL (MKL_CBWR), oneDNN" in found.out
    )
    assert "export MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=AVX2" in found.out
    assert "ok             PyTorch " in settled.out
    assert "warning        PyTorch " in seeded.out
    # MKL obeys AVX2 on the processors of one maker alone.
    assert "not limited as the level portable does: MKL (MKL_CBWR=AVX2)" in otherwise.out


CONVOLUTION = """
import torch
torch.manual_seed(0)
images = torch.randn(4, 3, 32, 32)
model = torch.nn.Conv2d(3, 8, 5)
print(model(images).sum().item())
"""


def test_results_show_what_onednn_does_not_report(folder):
    """The variable alone differs, and the groups that go through oneDNN with it."""
    folder.write("train.py", CONVOLUTION)
    options = ("--level", "seeded")
    plain = folder.record("python", "train.py", options=options)["environment"]
    limited = folder.record("python", "train.py", options=options, ONEDNN_MAX_CPU_ISA="SSE41")

    before = plain["tensor_fingerprint"]["groups"]
    after = limited["environment"]["tensor_fingerprint"]["groups"]
    parted = {name for name in before if before[name] != after[name]}
    assert {"convolution", "lstm"} <= parted
    assert not parted & {"gemm", "random", "reductions"}
    compared = folder.repro("compare", *folder.runs())
    assert "PyTorch's results" in compared.out
    assert "tensor_fingerprint.convolution" in compared.out


def test_one_environment_gives_one_fingerprint_of_pytorch(folder):
    """Whatever a program does to the library before it ends."""
    folder.write("train.py", CONVOLUTION)
    one = folder.record("python", "train.py")
    setting = "torch.set_default_dtype(torch.float64)\ntorch.use_deterministic_algorithms(True)\n"
    folder.write("train.py", CONVOLUTION + setting + "torch.set_num_threads(1)\n")
    other = folder.record("python", "train.py")

    first, second = (each["environment"]["tensor_fingerprint"] for each in (one, other))
    assert first == second
    assert one["environment"]["tensors"] == other["environment"]["tensors"]
    assert one["evidence"]["files"] == {}


def test_a_program_without_pytorch_has_no_fingerprint_of_it(folder):
    folder.write("train.py", "import numpy as np\nprint(np.arange(3).sum())\n")
    environment = folder.record("python", "train.py")["environment"]

    assert not {"tensors", "tensor_fingerprint"} & environment.keys()
