"""``repro doctor``: every planted cause is named, and a clean environment has none."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from tests.conftest import command
from threadpoolctl import threadpool_info

from repro.launch import Level, leaking
from repro.processor import X86_64_V3, architecture, present
from tools.cpu_bench import bench

x86 = pytest.mark.skipif(architecture() != "x86_64", reason="kernels of x86-64")
glibc = pytest.mark.skipif(
    architecture() != "x86_64" or sys.platform != "linux", reason="tunables of x86-64 Linux"
)
v3 = pytest.mark.skipif(not X86_64_V3 <= (present() or set()), reason="no x86-64-v3")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch):
    for name in [*leaking(os.environ), "PYTHONHASHSEED", "PYTHONPATH", "TZ"]:
        monkeypatch.delenv(name, raising=False)


class Checks(dict):
    """What the doctor found, by name; and its exit status."""

    def __init__(self, result) -> None:
        assert "Traceback" not in result.err
        super().__init__((check["name"], check) for check in result.json["checks"])
        self.status, self.level = result.status, result.json["level"]
        order = ["problem", "warning", "controlled", "ok"]
        found = [order.index(check["status"]) for check in self.values()]
        assert found == sorted(found)
        assert result.json["holds"] is (result.status == 0) is (0 not in found)

    def of(self, status: str) -> set[str]:
        return {name for name, check in self.items() if check["status"] == status}


def doctor(folder: Path, *arguments: object, env: dict[str, str] | None = None) -> Checks:
    return Checks(command("-m", "repro", "doctor", "--json", *arguments, cwd=folder, env=env))


def test_clean_environment_has_no_problem(tmp_path):
    """What varies by itself is controlled; outside a project, that is said."""
    found = doctor(tmp_path)

    assert (found.status, found.of("problem"), found.level) == (0, set(), "portable")
    assert found["hash seed"]["status"] == "controlled"
    assert found["level portable"]["status"] == "ok"
    assert found["Python in this shell"]["status"] == "ok"
    assert "no lock and no git to check" in found["project"]["found"]
    assert not {"lock", "git", "installed packages"} & found.keys()


def test_pinned_environment_leaves_nothing_to_keep_in_check(tmp_path):
    """Both processes then start alike."""
    inside = ("-m", "repro", "exec", "--", sys.executable, "-m", "repro", "doctor", "--json")
    found = Checks(command(*inside, cwd=tmp_path))

    assert (found.status, found.of("controlled")) == (0, set())
    assert found["threads"]["found"] == "one, in every library"
    assert found["hash seed"]["found"] == "fixed: 0"


@x86
@glibc
def test_pins_that_do_not_take_are_problems_each_by_its_variable(tmp_path):
    """A misspelt kernel, a group's name from before NumPy 2.4, a lower-case tunable: all silent."""
    found = doctor(
        tmp_path,
        env={
            "OPENBLAS_CORETYPE": "Haswel",
            "NPY_DISABLE_CPU_FEATURES": "AVX512F",
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-avx2,-FMA",
            "OMP_NUM_THREADS": "2",
        },
    )

    told = {name: found[name]["found"] for name in found.of("problem")}
    assert found.status == 1
    assert told.keys() == {"OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "GLIBC_TUNABLES"}
    assert "OPENBLAS_CORETYPE=Haswel names no kernel" in told["OPENBLAS_CORETYPE"]
    assert "did you mean 'Haswell'?" in told["OPENBLAS_CORETYPE"]
    assert "names AVX512F, which NumPy" in told["NPY_DISABLE_CPU_FEATURES"]
    assert "it knows X86_V2" in told["NPY_DISABLE_CPU_FEATURES"]
    assert "-avx2" in told["GLIBC_TUNABLES"]
    assert "did you mean 'AVX2'?" in told["GLIBC_TUNABLES"]
    assert "FMA" not in told["GLIBC_TUNABLES"]
    assert all(found[name]["why"] and found[name]["advice"] for name in told)
    assert found["inherited variables"]["found"] == "OMP_NUM_THREADS=2"
    assert "libgomp 2" in found["threads"]["found"]


@x86
@glibc
def test_unknown_names_are_problems(tmp_path):
    """Names that were never known, and one that switches off more than it says."""
    found = doctor(
        tmp_path,
        env={
            "OPENBLAS_CORETYPE": "Skylake",
            "NPY_ENABLE_CPU_FEATURES": "AVX2",
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2_Usable,-Prefer_No_VZEROUPPER",
            "OMP_NUM_THREAD": "1",
        },
    )

    told = {name: found[name]["found"] for name in found.of("problem")}
    assert found.status == 1
    assert "did you mean 'SkylakeX'?" in told["OPENBLAS_CORETYPE"]
    assert "names AVX2, which NumPy" in told["NPY_ENABLE_CPU_FEATURES"]
    assert "did you mean 'AVX2'?" in told["GLIBC_TUNABLES"]
    assert "VZEROUPPER" not in told["GLIBC_TUNABLES"]
    assert found["OMP_NUM_THREAD"]["status"] == "warning"


@x86
def test_import_that_fails_is_named_with_its_cause(tmp_path):
    """NumPy refuses both variables together; what the level starts works all the same."""
    both = {"NPY_ENABLE_CPU_FEATURES": "X86_V2", "NPY_DISABLE_CPU_FEATURES": "X86_V4"}
    found = doctor(tmp_path, env=both)

    assert found.status == 1
    assert found.of("problem") == {"NPY_ENABLE_CPU_FEATURES", "Python in this shell"}
    assert "cannot be set simultaneously" in found["Python in this shell"]["found"]
    assert "are both set" in found["NPY_ENABLE_CPU_FEATURES"]["found"]
    assert found["level portable"]["status"] == "ok"


@pytest.fixture
def mask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bench.Mask:
    """A way to present another processor, or skip."""
    cache = getattr(request.config, "cache", None)
    made = bench.Mask(cache.mkdir("cpu-bench") if cache else tmp_path_factory.mktemp("cpu-bench"))
    reason = made.reason_to_skip(bench.by_name("nehalem"))
    if reason:
        pytest.skip(reason)
    return made


@x86
def test_processor_below_the_level_and_below_the_variables(tmp_path, mask):
    """A kernel that it would die of, a group that NumPy refuses, and the level that would work."""
    line = [sys.executable, "-m", "repro", "doctor"]
    above = {"OPENBLAS_CORETYPE": "Haswell", "NPY_ENABLE_CPU_FEATURES": "X86_V3"}

    done = subprocess.run(
        mask.command(bench.by_name("nehalem"), line),
        env=os.environ | above,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    problems = {line[15:41].strip(): line[41:] for line in lines if line.startswith("problem ")}
    assert problems.keys() == {"processor", "Python in this shell", *above}
    assert "needs a processor of x86-64-v3; this one lacks avx, avx2" in problems["processor"]
    assert "would crash with an illegal instruction" in problems["OPENBLAS_CORETYPE"]
    assert "X86_V3 is for a newer processor" in problems["NPY_ENABLE_CPU_FEATURES"]
    assert "fix" in lines[2]
    assert lines[2].endswith("--level portable-v2")
    assert lines[-1].startswith("4 problems, ")


def plant(folder: Path, name: str, code: str) -> dict[str, str]:
    """Put a module before every other; return the environment that does."""
    (folder / name).write_text(code)
    return {"PYTHONPATH": str(folder)}


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_process_that_dies_is_named_with_the_signal(tmp_path):
    """As a kernel above the processor ends it; there is no traceback of the doctor."""
    env = plant(tmp_path, "numpy.py", "import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    found = doctor(tmp_path, "--level", "strict", env=env)

    assert found.status == 1
    assert found.of("problem") == {"Python in this shell", "level strict"}
    for name in found.of("problem"):
        assert "was killed by SIGILL (illegal instruction)" in found[name]["found"]
    assert found["PYTHONPATH"]["status"] == "warning"


@v3
def test_what_sets_a_level_back_is_found_by_reading_back(tmp_path):
    """NumPy is loaded with another kernel before anything else; its copy of BLAS differs then."""
    code = (
        "import os; asked = os.environ.pop('OPENBLAS_CORETYPE', '');"
        "os.environ['OPENBLAS_CORETYPE'] = 'Nehalem'; import numpy;"
        "os.environ['OPENBLAS_CORETYPE'] = asked"
    )
    found = doctor(tmp_path, env=plant(tmp_path, "sitecustomize.py", code))

    assert found.status == 1
    assert found.of("problem") == {"level portable", "BLAS"}
    assert "runs the kernel Nehalem, not Haswell" in found["level portable"]["found"]
    assert "compute differently" in found["BLAS"]["found"]


@pytest.mark.skipif(sys.platform != "linux", reason="the loader of Linux")
def test_two_openmp_runtimes_are_told(tmp_path):
    """Kept out where a variable loads the second, a problem where code does."""
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        pytest.skip("the system has no OpenMP beside scikit-learn's, to load under another name")
    loaded = [Path(each["filepath"]) for each in threadpool_info()]
    second = tmp_path / "libomp.so"
    shutil.copy(next(path for path in loaded if path.name.startswith("libgomp.so.1")), second)

    preloaded = doctor(tmp_path, env={"LD_PRELOAD": str(second)})
    assert (preloaded.status, preloaded["OpenMP"]["status"]) == (0, "controlled")
    assert preloaded["OpenMP"]["found"] in {"libgomp, libomp", "libomp, libgomp"}

    code = f"import ctypes; ctypes.CDLL({str(second)!r})"
    loaded = doctor(tmp_path, env=plant(tmp_path, "sitecustomize.py", code))
    assert (loaded.status, loaded.of("problem")) == (1, {"OpenMP"})


def test_project_is_examined_at_its_own_level(project):
    """Its lock against what is installed, and its git state; none of them is a problem."""
    project.replace("configs/base.yaml", "level: portable ", "level: strict ")
    digest = "--hash=sha256:" + "0" * 64
    # Nothing requires colorama but on Windows; it is locked and installed everywhere.
    pinned = "".join(f"{name} \\\n    {digest}\n" for name in ("numpy==1.0", "colorama==0.1"))
    project.write("requirements.txt", f"{pinned}scipy>=1\n-r more.txt\n# no\n")

    found = doctor(project.path, env={"TZ": "Europe/Berlin"})

    assert (found.status, found.level) == (0, "strict")
    assert "1 of 3 lines have no version and hash: scipy>=1" in found["lock"]["found"]
    installed = found["installed packages"]["found"]
    assert "(locked: 1.0)" in installed
    assert f"colorama {metadata.version('colorama')} (locked: 0.1)" in installed
    assert found["git"]["found"] == "not a repository"
    assert {"lock", "installed packages", "git", "time zone", "class of bits"} <= found.of(
        "warning"
    )


@pytest.mark.parametrize(
    ("revision", "status", "found", "advice"),
    [
        ("0123456789abcdef" * 2 + "01234567\n", "ok", "clean at 0123456789ab", ""),
        (
            "0123456789abcdef" * 2 + "01234567-dirty\n",
            "warning",
            "changed since 0123456789ab",
            "commit before any run that matters",
        ),
        (None, "warning", "git is missing", "install git, or build the image from a commit"),
    ],
)
def test_image_without_git_tells_its_commit_by_a_file(project, revision, status, found, advice):
    """No warning where it does; and git cannot be asked to keep what it is not there for."""
    if revision is not None:
        project.write(".revision", revision)
    (project.path / "empty").mkdir()

    git = doctor(project.path, env={"PATH": str(project.path / "empty")})["git"]

    assert (git["status"], git["found"], git["advice"]) == (status, found, advice)


def test_project_whose_configuration_cannot_be_read(project):
    """The rest is examined all the same."""
    project.write("configs/base.yaml", "schema: repro.base/v1\ndeterminism: [\n")
    (project.path / "requirements.txt").unlink(missing_ok=True)

    found = doctor(project.path)

    assert (found.status, found.of("problem")) == (1, {"configuration"})
    assert found["lock"]["found"] == "there is no requirements.txt"
    assert "level portable" in found


@x86
def test_seeded_fixes_nothing_and_warns(tmp_path):
    """What another level would control is the caller's to fix; so is a kernel left out."""
    env = {"OMP_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Penryn"}
    found = doctor(tmp_path, "--level", str(Level.SEEDED), env=env)

    assert (found.status, found.of("controlled")) == (0, set())
    assert {"hash seed", "threads", "inherited variables"} <= found.of("warning")
    assert found["OPENBLAS_CORETYPE"]["found"].startswith("OPENBLAS_CORETYPE=Penryn, and OpenBLAS")
