"""A captured environment is true, portable as text, and free of machine names."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import threadpoolctl
from tests.needs import require

from repro.capture import capture_environment, capture_host
from repro.capture.container import observe_container
from repro.capture.cpu import parse_cpuinfo, parse_sysctl
from repro.capture.interpreter import _timezone
from repro.capture.packages import normalised, observe_packages
from repro.core.environment import Environment, NoRepository, environment_key
from repro.core.errors import PreconditionError
from repro.core.variables import DISPATCH, TENSORS, THREADS
from repro.launch import Level

if TYPE_CHECKING:
    from tests.capture.conftest import Work

x86 = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "AMD64"}, reason="names kernels of x86"
)

CAPTURE = (
    "import sys; from pathlib import Path; from repro.capture import capture_environment\n"
    "print(capture_environment(Path(sys.argv[1]), 'strict').model_dump_json())"
)


def captured_with(project: Path, *arguments: str, **variables: str) -> Environment:
    """Capture in a fresh process with other variables."""
    run = subprocess.run(
        [sys.executable, *arguments, "-c", CAPTURE, str(project)],
        env={**os.environ, **variables},
        capture_output=True,
        check=True,
    )
    return Environment.model_validate_json(run.stdout)


def leaves(value: Any) -> list[Any]:
    """Return every value in a JSON tree."""
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)]
    return [leaf for each in value for leaf in leaves(each)] if isinstance(value, list) else [value]


def test_environment_round_trips(environment: Environment):
    """What is read equals what was written, in the strict mode of records."""
    assert Environment.model_validate_json(environment.model_dump_json()) == environment


def test_two_captures_agree(environment: Environment, tmp_path: Path):
    """Nothing in an environment moves from one call to the next."""
    assert capture_environment(tmp_path, "strict") == environment


def test_environment_names_no_machine(work: Work):
    """An exported record holds no folder and no host, even where the remote is a folder."""
    work.init().write("requirements.txt").commit()
    work.git("remote", "add", "origin", str(work.folder))
    environment = capture_environment(work.folder, "strict")
    host = capture_host()
    texts = [leaf for leaf in leaves(environment.model_dump(mode="json")) if isinstance(leaf, str)]

    assert not [text for text in texts if text.startswith(("/", "C:\\")) or text == host.hostname]
    assert not [text for text in texts if str(Path.home()) in text or sys.prefix in text]


def test_host_is_where_the_machine_is_named():
    """The host record holds what differs by nature."""
    host = capture_host()

    assert (host.executable, host.cwd) == (sys.executable, str(Path.cwd()))
    assert host.hostname == platform.node()


def test_every_copy_of_a_library_is_seen(tmp_path: Path):
    """SciPy's own BLAS and scikit-learn's OpenMP are there, though nothing imported them before."""
    importlib.import_module("scipy.linalg")
    importlib.import_module("sklearn")
    expected = {(pool["user_api"], pool["version"]) for pool in threadpoolctl.threadpool_info()}
    environment = captured_with(tmp_path)
    actual = {(library.user_api, library.version) for library in environment.native}

    assert expected == actual
    assert len(set(environment.native)) == len(environment.native)


def test_threads_are_read_back(tmp_path: Path):
    """The count is what the libraries use, and the variables are what asked for it."""
    environment = captured_with(tmp_path, **Level.STRICT.variables)

    assert {library.num_threads for library in environment.native} == {1}
    assert environment.threads == {
        name: value for name, value in Level.STRICT.variables.items() if name in THREADS
    }
    assert environment.hash_seed == "0"


def test_every_variable_of_a_level_is_recorded():
    """What a level fixes shows in the record."""
    fixed = {name for level in Level for name in level.variables}

    assert fixed <= {*THREADS, *DISPATCH, *TENSORS, "PYTHONHASHSEED"}


@x86
def test_pinned_code_paths_are_read_back(tmp_path: Path):
    """Pins show as the kernels and targets that they led to, and give another key."""
    pins = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_ENABLE_CPU_FEATURES": "X86_V2"}
    # Either may be what a processor has of its own accord: only one of them can be.
    other = pins | {"OPENBLAS_CORETYPE": "Prescott"}
    pinned, elsewhere = (
        captured_with(tmp_path, **Level.STRICT.variables, **p) for p in (pins, other)
    )
    kernels = {library.architecture for library in pinned.native if library.user_api == "blas"}

    assert kernels == {"Nehalem"}
    assert environment_key(pinned) != environment_key(elsewhere)


@x86
def test_mistyped_pin_does_not_show_as_in_force(tmp_path: Path):
    """A pin that a library ignored is recorded as asked for, beside what is really in use."""
    typo = captured_with(tmp_path, OPENBLAS_CORETYPE="Hasswell", **Level.STRICT.variables)
    kernels = {library.architecture for library in typo.native}

    assert typo.code_paths.variables["OPENBLAS_CORETYPE"] == "Hasswell"
    assert "Hasswell" not in kernels


def test_library_that_something_else_brings_again_is_no_other_environment(tmp_path: Path):
    """A second copy of the same OpenMP does not change the key."""
    require("lightgbm")
    environment = captured_with(tmp_path, "-W", "ignore")
    run = subprocess.run(
        [sys.executable, "-c", "import lightgbm\n" + CAPTURE, str(tmp_path)],
        capture_output=True,
        check=True,
    )
    other = Environment.model_validate_json(run.stdout)

    assert environment_key(other) == environment_key(environment)


@pytest.mark.parametrize(
    ("arguments", "variable", "expected"),
    [((), "0", "0"), ((), "7", "7"), ((), "random", "random"), (("-E",), "0", None)],
)
def test_hash_seed_is_what_python_saw(
    tmp_path: Path, arguments: tuple[str, ...], variable: str, expected: str | None
):
    """A seed that Python was told to ignore is not recorded as in use."""
    environment = captured_with(tmp_path, *arguments, PYTHONHASHSEED=variable)

    assert environment.hash_seed == expected


def test_packages_are_those_of_the_metadata():
    """The quick reading agrees with the parser of the standard library."""
    expected: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        expected.setdefault(normalised(distribution.metadata["Name"]), distribution.version)
    observed = observe_packages()

    assert observed == expected
    assert list(observed) == sorted(observed)


def test_packages_left_half_removed_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A metadata folder without a name, or with a broken address file, does no harm."""
    (tmp_path / "gone-1.dist-info").mkdir()
    broken = tmp_path / "Odd_Name-2.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: Odd_Name\nVersion: 2\n\nText: x")
    (broken / "direct_url.json").write_text("{")
    monkeypatch.syspath_prepend(str(tmp_path))
    environment = capture_environment(tmp_path, "strict")

    assert environment.packages["odd-name"] == "2"
    assert "gone" not in environment.packages


def test_code_paths_are_those_of_numpy(environment: Environment):
    """Enabled groups agree with what NumPy reports, and every target in use is named."""
    groups = np.show_config(mode="dicts")["SIMD Extensions"]

    assert environment.code_paths.enabled == tuple(groups.get("found", ()))
    assert environment.code_paths.targets


def test_lock_is_the_digest_of_the_requirements(tmp_path: Path):
    """The lock is known by its content, and None where there is none."""
    assert capture_environment(tmp_path, "strict").lock is None
    (tmp_path / "requirements.txt").write_bytes(b"numpy==2\n")

    assert capture_environment(tmp_path, "strict").lock == hashlib.sha256(b"numpy==2\n").hexdigest()


def test_folder_without_repository_is_captured(environment: Environment):
    """Git is not needed to capture."""
    assert environment.git == NoRepository(reason="not a repository")


@pytest.mark.parametrize(
    ("mark", "environ", "expected"),
    [
        (None, {}, "none"),
        (".dockerenv", {}, "docker"),
        ("run/.containerenv", {}, "podman"),
        (".dockerenv", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes"),
    ],
)
def test_container_is_known_by_its_marks(
    tmp_path: Path, mark: str | None, environ: dict[str, str], expected: str
):
    """Each engine leaves a mark."""
    (tmp_path / "run").mkdir()
    if mark:
        (tmp_path / mark).touch()

    assert observe_container(environ, tmp_path).kind == expected


def test_container_digests_come_from_the_build(tmp_path: Path):
    """What the image declares is recorded, without a name; an empty declaration is none."""
    digest = f"sha256:{'1a' * 32}"
    container = observe_container(
        {"REPRO_IMAGE_DIGEST": f"example.org/a:1@{digest}", "REPRO_BASE_DIGEST": ""}, tmp_path
    )

    assert (container.image_digest, container.base_digest) == (digest, None)


def test_what_is_no_digest_is_not_recorded_as_one(tmp_path: Path):
    """A tag or half a digest is an error that names the variable."""
    with pytest.raises(PreconditionError, match="REPRO_IMAGE_DIGEST is 'repro:latest'"):
        observe_container({"REPRO_IMAGE_DIGEST": "repro:latest"}, tmp_path)


def test_cpuinfo_of_arm():
    """ARM tells numbers and ``Features`` where x86 tells names and ``flags``."""
    cpu = parse_cpuinfo(["Features\t: fp asimd", "CPU implementer\t: 0x41", "CPU part\t: 0xd40"])

    assert (cpu.vendor, cpu.model, cpu.features) == ("0x41", "0xd40", ("asimd", "fp"))


def test_sysctl_of_apple():
    """Features that are present count, in one spelling for both architectures."""
    cpu = parse_sysctl(
        [
            "machdep.cpu.brand_string: Apple M3",
            "hw.optional.arm.FEAT_BF16: 1",
            "hw.optional.arm.FEAT_SME: 0",
            "hw.optional.floatingpoint: 1",
        ]
    )

    assert (cpu.vendor, cpu.model) == ("Apple", "Apple M3")
    assert cpu.features == ("feat_bf16", "floatingpoint")


@pytest.mark.parametrize(
    ("tz", "linked", "expected"),
    [
        ("Europe/Vienna", "Asia/Tokyo", "Europe/Vienna"),
        (":UTC", "Asia/Tokyo", "UTC"),
        ("/home/person/zone", "Asia/Tokyo", "Asia/Tokyo"),
        ("", "Asia/Tokyo", "Asia/Tokyo"),
        ("", None, time.tzname[0]),
    ],
)
def test_timezone_is_a_name_and_never_a_path(
    tmp_path: Path, tz: str, linked: str | None, expected: str
):
    """The variable wins, then the link of the system; a path of the machine is never recorded."""
    localtime = tmp_path / "localtime"
    if linked:
        localtime.symlink_to(tmp_path / "zoneinfo" / linked)

    assert _timezone({"TZ": tz}, localtime) == expected


def test_import_loads_no_numpy():
    """The package can be imported before a level is ensured."""
    code = "import json, sys, repro.capture; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert "numpy" not in json.loads(run.stdout)
