"""The README's commands are run, and its text is what they print."""

import re

import pytest

from tests.conftest import ROOT, make_project
from tests.conftest import command as python

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- tested: (\w+) -->\n```console\n\$ repro ([^\n]*)\n(.*?)```", re.DOTALL)
BLOCKS = {name: (command, text) for name, command, text in BLOCK.findall(README)}


def settled(text):
    """Leave out what differs from run to run: names of runs and seconds."""
    text = re.sub(r"\d{8}-\d{6}-[0-9a-f]{6}", "RUN", text)
    text = re.sub(r"^check it: \S+ verify", "check it: repro verify", text, flags=re.MULTILINE)
    return re.sub(r"\d+\.\d s$", "N s", text.strip("\n"), flags=re.MULTILINE)


def test_the_main_commands_are_there():
    """One that runs the main job, one that passes the tests, and the blocks that are tested."""
    assert ("$ make train" in README, "$ make test" in README) == (True, True)
    assert set(BLOCKS) == {"train", "verify", "help", "mistake"}


@pytest.mark.parametrize("name", ["train", "help", "mistake"])
def test_a_block_is_what_its_command_prints(name, tmp_path):
    """To the letter, but for names of runs and seconds."""
    command, expected = BLOCKS[name]
    project = make_project(tmp_path / "project")

    result = run(project, command)

    assert settled(result.out or result.err) == settled(expected)


def test_the_committed_reference_holds_here(tmp_path):
    """Identical, as the README shows, or equivalent on another kind of processor."""
    command, expected = BLOCKS["verify"]
    project = make_project(tmp_path / "project")

    result = run(project, command)

    assert result.status == 0, result.out + result.err
    if "verdict        equivalent" in result.out:
        pytest.skip("another kind of processor: equivalent, not the README's identical")
    if "the fingerprints differ" in result.out:
        pytest.skip("identical, with another C library, whose fingerprint is another one")
    if "network        not isolated" in result.out:
        pytest.skip("a system on which repro cannot refuse network sockets")
    assert settled(result.out) == settled(expected)


def run(project, command):
    return python("-m", "repro", *command.split(), cwd=project.path)


def test_every_target_that_is_named_exists():
    """`make …` in the README is a target with help."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(r"make ([a-z-]+)", " ".join(re.findall(r"`make [^`]*`|\$ make .*", README)))
    )

    assert (named - targets, len(named) > 4) == (set(), True)
