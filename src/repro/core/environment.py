"""The environment of a run, as it was observed, and the key of what can change a result.

``Environment`` may be handed to others: it holds no name of a machine, no folder and no address
with a password. ``Host`` holds what differs from machine to machine by nature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from repro.core.canonical import tagged_digest
from repro.core.fingerprint import Fingerprint
from repro.core.model import Later, Record
from repro.core.once import once
from repro.core.variables import READ_BACK

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of the environment key. Version 2 has what estimators brought, and libraries from elsewhere.
KEY_VERSION = 2


class Interpreter(Record):
    """The Python that ran; ``build`` is its revision and date."""

    implementation: str
    version: str
    compiler: str
    build: str


class Platform(Record):
    """The system, its processor architecture, and the C library that gives the maths functions.

    Attributes
    ----------
    libc : str
        ``glibc``, ``musl``, ``libSystem``, ``ucrt``, or empty where it is not known.
    libc_version : str
        Empty where it is not known.
    """

    system: str
    machine: str
    libc: str
    libc_version: str

    @property
    def architecture(self) -> str:
        """The machine's, such as ``x86_64``, under one name on every system."""
        name = self.machine.lower()
        return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


class NativeLibrary(Record):
    """A numeric library as it is loaded.

    Attributes
    ----------
    user_api : str
        What it offers: ``blas`` or ``openmp``.
    internal_api : str
        What it is, such as ``openblas``, ``mkl`` or ``openmp``.
    name : str
        Name of the file, without folder, suffix and the hash that wheels add.
    architecture : str or None
        The kernel in use, such as ``Haswell``.
    """

    user_api: str
    internal_api: str
    name: str
    version: str | None
    architecture: str | None
    threading_layer: str | None
    num_threads: int


class CodePaths(Record):
    """The variants of their functions that NumPy and libm chose for this processor.

    Attributes
    ----------
    baseline : tuple of str
        Groups of processor features that the build always uses.
    enabled : tuple of str
        Groups that the build can use, and that are not switched off.
    targets : tuple of str
        Every target that at least one function runs with.
    functions : str
        Digest of the target of every function and signature.
    variables : dict of str to str
        The environment variables that steer code paths, where set.
    libm : str or None
        The variant of its maths functions that the C library chose: ``FMA``, ``FMA4`` or
        ``baseline``; None if it has no choice or does not report it.
    """

    baseline: tuple[str, ...]
    enabled: tuple[str, ...]
    targets: tuple[str, ...]
    functions: str
    variables: dict[str, str]
    libm: str | None = Later


class Cpu(Record):
    """The processor as the system describes it; an empty field is not known."""

    vendor: str
    model: str
    logical: int
    features: tuple[str, ...]


class Locale(Record):
    """Language, text encoding and time zone; none of them may change a result."""

    name: str
    encoding: str
    timezone: str


class Container(Record):
    """The container, and the digests that its build declared."""

    kind: Literal["docker", "podman", "kubernetes", "none"]
    image_digest: str | None
    base_digest: str | None
    lock_digest: str | None


class Repository(Record):
    """The state of the project's git repository.

    Attributes
    ----------
    commit : str or None
        None before the first commit.
    branch : str or None
        None where a commit is checked out instead.
    remote : str or None
        Address without user, password, query and fragment; None for a folder.
    dirty_files : tuple of str
        Changed and untracked files, as POSIX paths relative to the root of the repository.
    """

    kind: Literal["repository"] = "repository"
    commit: str | None
    branch: str | None
    remote: str | None
    dirty: bool
    dirty_files: tuple[str, ...]


class NoRepository(Record):
    """The reason why the project's git state is unknown."""

    kind: Literal["none"] = "none"
    reason: Literal[
        "git is missing",
        "not a repository",
        "bare repository",
        "not tracked by the repository around it",
        "owned by another user",
        "timed out",
        "failed",
        "not asked",
    ]


class Environment(Record):
    """Everything observed that can change a result or explain a difference.

    Attributes
    ----------
    level : str
        The determinism level that was asked for.
    packages : dict of str to str
        Version of every installed distribution, by normalised name, sorted.
    runtime : tuple of str
        Those that ``repro`` requires, directly or not, sorted: a linter beside them does not count.
    working_trees : tuple of str
        Distributions that are installed from a folder of sources (editable).
    lock : str or None
        SHA-256 of the project's ``requirements.txt``.
    native : tuple of NativeLibrary
        Sorted; equal copies count once.
    threads : dict of str to str
        The environment variables that set numbers of threads, where set.
    hash_seed : str or None
        ``PYTHONHASHSEED`` as Python saw it; None where it was not set or ignored.
    bits : str or None
        The class of processors whose bits these are, as it was read back: ``x86-64-v3``.
    dropped : dict of str to str, or None
        Inherited variables that could have changed a result, and that the level kept out.
    fingerprint : Fingerprint or None
        None where no training was done.
    used : tuple of str, or None
        Distributions beyond ``runtime`` that the estimators and the training used, sorted.
    libraries : dict of str to str, or None
        Content of the native libraries, by file name, that neither a wheel nor the system's own
        folders provide: a build id, a SHA-256, or both.
    variables : dict of str to str, or None
        Digest of the value of each environment variable that own code read, by name; ``not set``
        without a value, and ``hidden`` for a name that looks like that of a secret.
    tensors : dict of str to str, or None
        What PyTorch's libraries computed by, read back: ``aten``, ``mkl``, ``threads``, and the
        limit of oneDNN (``onednn``) that was asked for; None where PyTorch was not loaded.
    tensor_fingerprint : Fingerprint or None
        Digests of small computations by PyTorch, by a scheme of their own; None where it was not
        loaded. A group that processes of one run computed differently has all of their digests.
    """

    level: str
    interpreter: Interpreter
    platform: Platform
    packages: dict[str, str]
    runtime: tuple[str, ...]
    working_trees: tuple[str, ...]
    lock: str | None
    native: tuple[NativeLibrary, ...]
    code_paths: CodePaths
    threads: dict[str, str]
    hash_seed: str | None
    cpu: Cpu
    locale: Locale
    container: Container
    git: Annotated[Repository | NoRepository, Field(discriminator="kind")]
    bits: str | None = Later
    dropped: dict[str, str] | None = Later
    fingerprint: Fingerprint | None = Later
    used: tuple[str, ...] | None = Later
    libraries: dict[str, str] | None = Later
    variables: dict[str, str] | None = Later
    tensors: dict[str, str] | None = Later
    tensor_fingerprint: Fingerprint | None = Later

    @property
    def commit(self) -> str | None:
        """The commit, or None if it is missing or unknown."""
        return self.git.commit if isinstance(self.git, Repository) else None

    @property
    def dirty(self) -> bool | None:
        """True if files differ from the commit, or None if that is unknown."""
        return self.git.dirty if isinstance(self.git, Repository) else None

    @property
    def foreign_packages(self) -> dict[str, str]:
        """The versions of the packages that take part in training and are not the project's."""
        return _versions(self, (*self.runtime, *(self.used or ())))


class Host(Record):
    """The facts that differ from machine to machine by nature, and are never handed over."""

    hostname: str
    executable: str
    cwd: str
    kernel: str


def environment_key(environment: Environment, version: int = KEY_VERSION) -> str:
    """Digest what can change a result: interpreter, packages, native libraries and code paths.

    Not in the key: git, host, level, names of the processor, language and time zone, and the
    variables whose effect is read back. Not in the key either: ``repro`` itself, and distributions
    installed from a folder of sources. They are the project's own code, whose version moves from
    commit to commit, and which the lineage and the version of the stages describe.

    Parameters
    ----------
    version : int
        Version 1 leaves out what only later records have: ``used``, ``libraries``,
        ``variables``, ``tensors`` and ``tensor_fingerprint``.

    Returns
    -------
    str
        ``environment/v2:<hex>``. Equal keys mean that no difference in what was observed can
        explain a difference in results; different keys need not give different results.
    """
    code_paths = environment.code_paths.model_dump(mode="json", exclude={"variables"})
    value: dict[str, object] = {
        "interpreter": [environment.interpreter.implementation, environment.interpreter.version],
        "platform": environment.platform.model_dump(mode="json"),
        "packages": _versions(environment, environment.runtime),
        "native": [library.model_dump(mode="json") for library in environment.native],
        "code_paths": code_paths,
        "steering": {
            name: setting
            for name, setting in environment.code_paths.variables.items()
            if name not in READ_BACK
        },
    }
    if version > 1:
        value["packages"] = environment.foreign_packages
        value["libraries"] = environment.libraries or {}
        # Code that reads a variable is rare, and keys of other records stay what they were.
        for name in ("variables", "tensors"):
            if known := getattr(environment, name):
                value[name] = known
        # oneDNN names no code path: what it computes stands for it.
        if environment.tensor_fingerprint is not None:
            value["tensor_fingerprint"] = environment.tensor_fingerprint.digest
    return tagged_digest("environment", value, version=version)


def key_version(key: str) -> int:
    """Return the version of an environment key by its tag; 1 where the tag has none."""
    return KEY_VERSION if key.startswith(f"environment/v{KEY_VERSION}:") else 1


@once
def follows(key: str, environment: Environment) -> bool:
    """Return whether a key is that of an environment, by the version that the key names."""
    version = key_version(key)
    # Only a record of the later version has these fields, so that no key can leave them out.
    later = ("used", "libraries", "variables", "tensors", "tensor_fingerprint")
    if version == 1 and any(getattr(environment, name) for name in later):
        return False
    return key == environment_key(environment, version)


def _versions(environment: Environment, names: Iterable[str]) -> dict[str, str]:
    taking_part = set(names) - {"repro", *environment.working_trees}
    return {name: version for name, version in environment.packages.items() if name in taking_part}
