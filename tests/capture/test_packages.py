"""What distributions require, read from the head of their metadata."""

from importlib.metadata import distributions, requires

from packaging.requirements import Requirement

from repro.capture.packages import normalised, requirements_of


def test_requirements_are_those_that_the_standard_library_reads():
    """Of every distribution that is installed here but this one, whose extras count."""
    names = {each.metadata["Name"] for each in distributions()} - {"repro"}
    found = {name: set(requirements_of(name)) for name in names}
    lines = {name: [Requirement(line) for line in requires(name) or ()] for name in names}

    assert found == {
        name: {normalised(line.name) for line in wanted if "extra" not in str(line.marker)}
        for name, wanted in lines.items()
    }
    assert sum(map(len, found.values())) > 20


def test_a_description_says_nothing(tmp_path, monkeypatch):
    """What follows the first empty line is text for people, and lines may be folded."""
    info = tmp_path / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: odd\nVersion: 1.0\nRequires-Dist: one\n (>=1)\n"
        "Requires-Dist: Two_B; extra == 'x'\n\nRequires-Dist: three\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    assert list(requirements_of("odd")) == ["one"]
