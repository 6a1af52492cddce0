"""The flake: all of it evaluates, and what needs no nixpkgs is built for real."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.nix.conftest import SYSTEM, python313

from repro.launch import levels

INDEX = json.loads((ROOT / "nix" / "wheels.json").read_text())
SYSTEMS = ("aarch64-darwin", "aarch64-linux", "x86_64-darwin", "x86_64-linux")
LINUX = [system for system in SYSTEMS if system.endswith("linux")]

on_linux = pytest.mark.skipif(SYSTEM not in LINUX, reason="builds are tried on Linux")


def wheels_of(system):
    return {w["file"]: w["sha256"] for w in INDEX["wheels"] if system in w["systems"]}


def download(folder, *arguments):
    """Have pip download locked wheels for Python 3.13 on this processor, as it is configured."""
    tags = [f"manylinux_2_{minor}_{SYSTEM.split('-')[0]}" for minor in range(34, 4, -1)]
    command = [
        sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:",
        "--require-hashes", "--implementation", "cp", "--python-version", "3.13", "-d", folder,
        *(f"--platform={tag}" for tag in tags), *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "DO NOT MATCH THE HASHES" not in done.stderr
    if done.returncode:
        pytest.skip(f"no wheels can be downloaded here: {done.stderr.strip().splitlines()[-1]}")
    return sorted(Path(folder).glob("*.whl"))


@pytest.fixture
def click(tmp_path):
    """One locked wheel, small."""
    text = (ROOT / "requirements.txt").read_text()
    lock = tmp_path / "click.txt"
    lock.write_text(re.search(r"^click==.*?(?=^\w)", text, re.MULTILINE | re.DOTALL)[0])
    return download(tmp_path / "downloaded", "-r", lock)[0]


def test_every_file_parses(nix):
    """Also what no output uses."""
    files = [ROOT / "flake.nix", *(ROOT / "nix").glob("*.nix")]
    result = nix.run("nix-instantiate", "--parse", *files)

    assert (result.status, result.err) == (0, "")


def test_every_output_evaluates_on_every_system(nix):
    """The command line everywhere, the image on Linux."""
    result = nix.flake("flake show", "", "--json")
    assert result.status == 0, result.err
    shown = {kind: {s: set(names) for s, names in of.items()} for kind, of in result.json.items()}

    assert shown == {
        "apps": {s: {"default", "train", "verify"} for s in SYSTEMS},
        "checks": {s: {"lock", "verify"} for s in SYSTEMS},
        "devShells": {s: {"default"} for s in SYSTEMS},
        "packages": {s: {"default", "image"} if s in LINUX else {"default"} for s in SYSTEMS},
    }


def test_each_system_fetches_the_wheels_of_the_index(nix):
    """By the names they have there: an index of packages finds them by their tags."""
    for system in SYSTEMS:
        entries = nix.evaluate(
            f"packages.{system}.default.wheels.called",
            "map (e: { inherit (e) name; inherit (e.path) url outputHash; })",
        )

        assert {entry["name"]: entry["outputHash"] for entry in entries} == wheels_of(system)
        for entry in entries:
            name, _, tag, *_ = entry["name"].split("-")
            assert entry["url"].endswith(f"/{tag}/{name[0]}/{name}/{entry['name']}")


def test_wheels_for_linux_are_patched_and_nothing_is_stripped(nix):
    """The hook and the libraries of manylinux are there, on Linux only."""
    for system in SYSTEMS:
        called = nix.evaluate(
            f"packages.{system}.default.called",
            "c: { strip = !c.dontStrip; hooks = map (i: i.name) c.nativeBuildInputs;"
            " libraries = map (i: i.name) c.buildInputs; }",
        )
        linux = system in LINUX

        assert called == {
            "strip": False,
            "hooks": ["python3-3.13", *(["auto-patchelf-hook"] if linux else [])],
            "libraries": ["glibc", "gcc-lib", "zlib"] if linux else [],
        }


@pytest.mark.parametrize("system", LINUX)
def test_the_image_is_pinned_like_the_level(nix, system):
    """Its variables are what `portable` requires there; and it starts as no root."""
    pins = {"x86_64": levels._V3, "aarch64": levels._ARM}[system.split("-")[0]]
    required = {**levels._STRICT, **pins.variables}
    image = nix.evaluate(f"packages.{system}.image.called", "i: { inherit (i) created config; }")
    variables = dict(text.split("=", 1) for text in image["config"]["Env"])

    assert {name: variables.get(name) for name in required} == required
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", image["created"])
    assert image["config"]["User"] == "10001:10001"
    assert image["config"]["WorkingDir"] == "/project"


def test_the_image_has_no_other_variable_that_counts(nix):
    """The Dockerfile's, the same ones; but for its base and where its packages are."""
    text = (ROOT / "Dockerfile").read_text()
    in_docker = dict(
        found
        for line in re.findall(r"^ENV (.*?[^\\])$", text, re.MULTILINE | re.DOTALL)
        for found in re.findall(r"(\w+)=(\S+)", line)
    )
    image = nix.evaluate("packages.x86_64-linux.image.called.config")
    in_nix = dict(text.split("=", 1) for text in image["Env"])
    own = {"PATH", "REPRO_LOCK_DIGEST", "REPRO_BASE_DIGEST"}

    assert {n: v for n, v in in_nix.items() if n not in own} == {
        n: v for n, v in in_docker.items() if n not in own
    }


@on_linux
def test_a_wheel_is_accepted_by_its_hash_and_an_altered_one_refused(nix, click):
    """Fetched for real, by Nix's own fetcher."""
    index = INDEX | {"wheels": [w for w in INDEX["wheels"] if w["file"] == click.name]}
    (nix.project / "nix" / "wheels.json").write_text(json.dumps(index))
    served = nix.serve(click)
    content = served.read_bytes()
    served.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    refused = nix.flake("build", f"packages.{SYSTEM}.default.wheels", "--no-link")
    served.write_bytes(content)
    accepted = nix.build(f"packages.{SYSTEM}.default.wheels")

    assert refused.status != 0
    assert "hash mismatch" in refused.err
    assert (accepted / click.name).read_bytes() == content


@on_linux
@pytest.mark.skipif(python313() is None, reason="Python 3.13 with venv is not installed")
def test_the_command_line_is_built_and_a_training_reproduces_with_it(nix, tmp_path):
    """`nix flake check` on the Python of this machine: it installs, trains and verifies."""
    for file in download(
        tmp_path / "downloaded",
        *("-r", ROOT / "requirements.txt", "-r", ROOT / "requirements-build.txt"),
    ):
        nix.serve(file)

    result = nix.flake("flake check", "", "-L")

    assert result.status == 0, result.err
    assert "verdict        identical" in result.err
    built = nix.build(f"packages.{SYSTEM}.default")
    freeze = "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))"
    there = nix.run(built / "bin" / "python", "-c", freeze).out.lower().replace("_", "-").split()
    assert set(there) == {w["name"] for w in INDEX["wheels"]} - {"flit-core"} | {"repro"}
    image = nix.build(f"packages.{SYSTEM}.image")
    assert {path.name for path in (image / "project").iterdir()} == {
        "LICENSE", "configs", "data", "reference", "requirements.txt", "runs",
    }  # fmt: skip
    shown = nix.flake("run", "train", "--", "--help")
    assert "Usage: repro train" in shown.out
