"""The base, families and profiles that come with the package, and a project that has few files."""

import shutil

import pytest
from tests.conftest import ROOT

from repro.app.configuration import resolve_request
from repro.config.compose import Request
from repro.config.project import SHIPPED, names_in
from repro.core.errors import ConfigError

FOLDER = ROOT / "src/repro/config/shipped"
BASE = "schema: repro.base/v1\ndefault_experiment: wine\n"


@pytest.fixture
def small(tmp_path):
    """A project of three files."""
    (tmp_path / "configs/experiments").mkdir(parents=True)
    (tmp_path / "configs/base.yaml").write_text(BASE)
    for name in ("datasets.yaml", "experiments/wine.yaml"):
        shutil.copy(ROOT / "configs" / name, tmp_path / "configs" / name)
    return tmp_path


@pytest.mark.parametrize("kind", ["models", "profiles"])
def test_the_package_has_the_files_of_this_project(kind):
    """Which is the sample: what is changed there is to be copied."""
    own = {path.name: path.read_bytes() for path in (ROOT / "configs" / kind).iterdir()}

    assert {path.name: path.read_bytes() for path in (FOLDER / kind).iterdir()} == own


def test_the_package_has_the_base_of_this_project_without_its_experiment():
    lines = (ROOT / "configs/base.yaml").read_text().splitlines(keepends=True)

    kept = [line for line in lines if not line.startswith("default_experiment")]
    assert (FOLDER / "base.yaml").read_text() == "".join(kept)
    assert len(kept) == len(lines) - 1


def test_three_files_resolve_as_the_whole_project_does(small):
    for name in names_in(ROOT, "profiles"):
        request = Request(experiment="wine", profile=name)
        assert resolve_request(small, request).config == resolve_request(ROOT, request).config


def test_every_file_that_was_read_is_named(small):
    """With what the project has itself under its own name."""
    own = small / "configs/models/knn.yaml"
    own.parent.mkdir()
    text = (ROOT / "configs/models/knn.yaml").read_text()
    own.write_text(text.replace("n_neighbors: 15", "n_neighbors: 4"))
    request = Request(profile="debug", assignments=(("-m", "families", "[knn, svm]"),))

    resolved = resolve_request(small, request)

    assert [*resolved.sources] == [
        f"{SHIPPED}configs/base.yaml",
        "configs/base.yaml",
        "configs/models/knn.yaml",
        f"{SHIPPED}configs/models/svm.yaml",
        "configs/experiments/wine.yaml",
        f"{SHIPPED}configs/profiles/debug.yaml",
        "configs/datasets.yaml",
    ]
    assert resolved.config.models["knn"].params["n_neighbors"] == 4
    assert resolved.origins["models.svm.params.C"].startswith(f"{SHIPPED}configs/models/svm.yaml:")
    assert resolved.overrides["selection.folds"].startswith(f"{SHIPPED}configs/profiles/debug.yaml")
    assert "seed" not in resolved.overrides


def test_a_base_changes_single_keys(small):
    (small / "configs/base.yaml").write_text(BASE + "selection: {folds: 3}\nseed: 7\n")

    config = resolve_request(small, Request()).config

    usual = resolve_request(ROOT, Request(experiment="wine")).config
    assert (config.selection.folds, config.seed) == (3, 7)
    assert config.preprocessing == usual.preprocessing


def test_a_link_that_leads_nowhere_is_no_absent_file(small):
    (small / "configs/models").mkdir()
    (small / "configs/models/knn.yaml").symlink_to("nowhere.yaml")
    request = Request(assignments=(("-m", "families", "[knn]"),))

    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        resolve_request(small, request)


def test_an_unknown_name_is_suggested_from_what_is_shipped(small):
    with pytest.raises(ConfigError) as caught:
        resolve_request(small, Request(profile="debgu"))

    assert "'debug'" in caught.value.advice
