"""The environment key changes with what can change a result, and with nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import ROOT

from repro.core.environment import (
    Container,
    Cpu,
    Environment,
    Locale,
    NoRepository,
    Repository,
    environment_key,
    follows,
)
from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile
from repro.divergence.environments import comparable
from repro.divergence.structure import differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.core.model import Record


RECORD = ROOT / "tests/data/record_v1.json"


def with_(record: Record, **changes: Any) -> Any:
    """Return a record with some fields changed, as it would be read from a file."""
    return type(record).model_validate({**dict(record), **changes})


def used(environment: Environment, version: str) -> Environment:
    """Add a package that an estimator brought."""
    packages = {**environment.packages, "toyfam": version}
    return with_(environment, packages=packages, used=("toyfam",))


def with_library(environment: Environment, **changes: Any) -> Environment:
    """Change the first native library."""
    first, *rest = environment.native
    return with_(environment, native=(with_(first, **changes), *rest))


MATTERS: dict[str, Callable[[Environment], Environment]] = {
    "package version": lambda e: with_(e, packages={**e.packages, "numpy": "0.0.1"}),
    "package required": lambda e: with_(
        e, packages={**e.packages, "another": "1"}, runtime=(*e.runtime, "another")
    ),
    "package that an estimator brought": lambda e: with_(
        e, packages={**e.packages, "toyfam": "1"}, used=("toyfam",)
    ),
    "library from elsewhere": lambda e: with_(e, libraries={"libm.so.6": "sha256:00"}),
    "kernel": lambda e: with_library(e, architecture="Another"),
    "library version": lambda e: with_library(e, version="0.0.1"),
    "threads": lambda e: with_library(e, num_threads=99),
    "library gone": lambda e: with_(e, native=e.native[1:]),
    "libc": lambda e: with_(e, platform=with_(e.platform, libc_version="0.1")),
    "machine": lambda e: with_(e, platform=with_(e.platform, machine="another")),
    "python": lambda e: with_(e, interpreter=with_(e.interpreter, version="3.0.0")),
    "numpy targets": lambda e: with_(e, code_paths=with_(e.code_paths, functions="another")),
    "libc tunables": lambda e: with_(
        e, code_paths=with_(e.code_paths, variables={"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2"})
    ),
}
REPOSITORY = Repository(commit="0" * 40, branch="x", remote=None, dirty=True, dirty_files=("a",))
DOES_NOT_MATTER: dict[str, Callable[[Environment], Environment]] = {
    "commit": lambda e: with_(e, git=REPOSITORY),
    "no git": lambda e: with_(e, git=NoRepository(reason="git is missing")),
    "linter beside it": lambda e: with_(e, packages={**e.packages, "linter": "1"}),
    "own version": lambda e: with_(e, packages={**e.packages, "repro": "99"}),
    "own version, not editable": lambda e: with_(
        e, packages={**e.packages, "repro": "99"}, working_trees=()
    ),
    "working tree": lambda e: with_(
        e, packages={**e.packages, "mine": "2"}, working_trees=(*e.working_trees, "mine")
    ),
    "level": lambda e: with_(e, level="seeded"),
    "lock": lambda e: with_(e, lock="0" * 64),
    "cpu name": lambda e: with_(e, cpu=Cpu(vendor="v", model="m", logical=999, features=())),
    "locale": lambda e: with_(e, locale=Locale(name="x", encoding="x", timezone="x")),
    "container": lambda e: with_(
        e,
        container=Container(kind="podman", image_digest="x", base_digest=None, lock_digest=None),
    ),
    "compiler": lambda e: with_(e, interpreter=with_(e.interpreter, compiler="x", build="x")),
    "variables that are read back": lambda e: with_(
        e,
        threads={"OMP_NUM_THREADS": "3"},
        code_paths=with_(
            e.code_paths, variables={**e.code_paths.variables, "OPENBLAS_CORETYPE": "Typo"}
        ),
    ),
}


@pytest.mark.parametrize("change", MATTERS)
def test_what_can_change_a_result_changes_the_key(environment: Environment, change: str):
    """Another version, kernel, thread count or code path is another environment."""
    changed = MATTERS[change](environment)

    assert environment_key(changed) != environment_key(environment)


@pytest.mark.parametrize("change", DOES_NOT_MATTER)
def test_what_cannot_change_a_result_keeps_the_key(environment: Environment, change: str):
    """A reference stays comparable with the next commit, host, language and processor name."""
    changed = DOES_NOT_MATTER[change](environment)

    assert changed != environment
    assert environment_key(changed) == environment_key(environment)


@pytest.mark.parametrize("version", ["1", "1.0.post1", "2.0", "2026.1", "0"])
def test_versions_of_what_an_estimator_brought_are_told_apart(
    environment: Environment, version: str
):
    """One version is one key, and no other's."""
    key = environment_key(used(environment, version))

    assert key == environment_key(used(environment, version))
    assert key != environment_key(used(environment, f"{version}.1"))


def test_a_package_of_sources_has_no_version_in_the_key(environment: Environment):
    """Its files are hashed as code."""
    first, second = (
        with_(used(environment, version), working_trees=("repro", "toyfam")) for version in "12"
    )

    assert environment_key(first) == environment_key(second)


def test_the_first_version_of_the_key_is_that_of_a_record_of_then():
    """Written by the program of then, and computed again by this one."""
    record = load_record(RECORD.read_bytes(), RECORD.name, RecordFile)

    assert environment_key(record.environment, version=1) == record.keys.environment_key
    assert follows(record.keys.environment_key, record.environment)


def test_the_first_version_leaves_out_what_came_later(environment: Environment):
    """So that runs of both versions can be put under one definition."""
    later = with_(used(environment, "1"), libraries={"libm.so.6": "sha256:00"})

    assert environment_key(later, version=1) == environment_key(environment, version=1)
    assert environment_key(later) != environment_key(environment)


@pytest.mark.parametrize(
    "field", [{"used": ("toyfam",)}, {"libraries": {"libm.so.6": "sha256:00"}}]
)
def test_a_key_cannot_leave_out_what_is_recorded(environment: Environment, field: dict[str, Any]):
    """A record that claims the first version has no field of the second."""
    changed = with_(environment, packages={**environment.packages, "toyfam": "1"}, **field)

    assert follows(environment_key(changed), changed)
    assert not follows(environment_key(changed, version=1), changed)
    assert follows(environment_key(environment, version=1), environment)


def test_what_an_estimator_brought_is_a_difference(environment: Environment):
    """By name and version, beside the packages of every training."""
    first, second = (comparable(used(environment, version)) for version in ("1.0", "2.0"))

    assert differences(first, second) == {"packages.toyfam": ("1.0", "2.0")}


def test_a_library_from_elsewhere_is_a_difference(environment: Environment):
    """Where one side has the system's own, and where both have others."""
    own = comparable(environment)
    one, two = (
        comparable(with_(environment, libraries={"libm.so.6": f"sha256:{digit * 64}"}))
        for digit in "01"
    )

    assert list(differences(one, two)) == ["libraries.libm.so.6"]
    assert [name for name in differences(own, one) if name.startswith("libraries")]


def test_key_survives_the_file(environment: Environment):
    """The key of an environment that was read back is the key of the one that was written."""
    read = Environment.model_validate_json(environment.model_dump_json())

    assert environment_key(read) == environment_key(environment)


def test_key_is_tagged(environment: Environment):
    """A key says what it is the key of."""
    assert environment_key(environment).startswith("environment/v2:")


def test_git_state_is_told_or_none(environment: Environment):
    """Commit and dirty state are at hand, and None where there is no repository."""
    known = with_(environment, git=REPOSITORY)
    unknown = with_(environment, git=NoRepository(reason="not a repository"))

    assert (known.commit, known.dirty) == ("0" * 40, True)
    assert (unknown.commit, unknown.dirty) == (None, None)
