"""Commands of the README and the guides are run; what they print is what the pages show."""

import os
import re
import sys
from pathlib import Path

import click
import pytest

from repro.cli import cli
from tests.conftest import ROOT, make_project
from tests.conftest import command as python
from tests.documents import GUIDES, PAGES, blocks, prose, settled, shows

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Pages that go on with what the first of them made.
CONTINUED = {"records.md": ["compare.md", "explain.md"]}
FOLLOWING = {name for names in CONTINUED.values() for name in names}
STARTING = [
    page.name
    for page in GUIDES
    if page.name not in FOLLOWING and blocks(page.read_text(encoding="utf-8"))
]
# Long options that the pages name of other programs.
FOREIGN = {
    "dask worker": {"--no-nanny", "--nthreads"},
    "docker": {"--rm", "--network", "--read-only", "--tmpfs", "--user", "--cap-drop"},
    "docker, its security": {"--security-opt"},
    "fuzzing": {"--minutes"},
    "pytest": {"--repro-level", "--repro-record"},
    "scripts": {"--model-type", "--experiment", "--reference-metrics-file", "--profile"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """One project for all blocks of the README."""
    return make_project(tmp_path_factory.mktemp("readme") / "project")


def run(project, words, env=None, folder=None):
    return python("-m", "repro", *words, cwd=project.path / (folder or ""), env=env)


def check(project, block, env=None):
    """Run every command of a block, and compare what it prints with what the page shows."""
    for command in block.commands:
        result = run(project, command.words, env, block.folder)
        printed = result.out or result.err
        if not shows(command.output, printed):
            # For a readable difference.
            assert settled(printed) == settled(command.output), command.words


def test_the_main_commands_are_there():
    """One that runs the main job, one that passes the tests, and the blocks that are tested."""
    assert ("$ make train" in README, "$ make test " in README) == (True, True)
    assert [block.name for block in blocks(README)] == ["train", "verify", "help", "mistake"]


def test_the_readme_is_a_front_door():
    """Two hundred lines; the rest is in the guides, each of which it names."""
    named = set(re.findall(r"\(docs/([\w-]+\.md)\)", README))

    assert len(README.splitlines()) <= 200
    assert named == {page.name for page in GUIDES}


@pytest.mark.parametrize("name", ["train", "help", "mistake"])
def test_a_block_is_what_its_command_prints(name, project):
    """To the letter, but for names of runs and seconds."""
    check(project, next(block for block in blocks(README) if block.name == name))


def test_the_committed_reference_holds_here(project):
    """Identical, as the README shows, or equivalent on another kind of processor."""
    (command,) = next(block for block in blocks(README) if block.name == "verify").commands

    result = run(project, command.words)

    assert result.status == 0, result.out + result.err
    if "verdict        equivalent" in result.out:
        pytest.skip("another kind of processor: equivalent, not the README's identical")
    if "the fingerprints differ" in result.out:
        pytest.skip("identical, with another C library, whose fingerprint is another one")
    if "network        not isolated" in result.out:
        pytest.skip("a system on which repro cannot refuse network sockets")
    assert settled(result.out) == settled(command.output)


@pytest.mark.parametrize("name", STARTING)
def test_a_guide_is_what_its_commands_print(name, tmp_path):
    """Its files are written and its commands run, from top to bottom, in a project of its own."""
    names = [name, *CONTINUED.get(name, [])]
    found = [b for n in names for b in blocks((ROOT / "docs" / n).read_text(encoding="utf-8"))]
    project = make_project(tmp_path / "project")
    records = any(command.words[0] == "record" for block in found for command in block.commands)
    env = recording_in(tmp_path) if records else None

    for block in found:
        if block.kind == "file":
            project.write(block.name, block.text)
        else:
            check(project, block, env)


def recording_in(folder):
    """Return variables with which `python` is this one, and nothing is noted for the user."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PATH": path, "XDG_STATE_HOME": str(folder / "state")}


@pytest.mark.parametrize(
    ("page", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\n", "a\nb\nc\n", True),
        ("…\nc\n", "a\nb\nc\n", True),
        ("a\n…\nc\n", "a\nc\n", True),
        ("a\n…\nc\n", "a\nb\n", False),
        ("run 20261128-212918-e0911b\n", "run 20250101-000000-abcdef\n", True),
        ("0.5\n", "0.6\n", False),
    ],
)
def test_a_page_that_shows_something_else_is_found(page, printed, same):
    """Lines that are left out are marked, and nothing else is free."""
    assert shows(page, printed) == same


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    """A relative link is a file of this repository, and its anchor a heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.is_relative_to(ROOT), target
        assert path.exists(), target
        assert not anchor or anchor in headings(path), target


def headings(path):
    lines = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_target_that_is_named_exists(page):
    """`make …` is a target with help."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    shown = " ".join(re.findall(r"`make [^`]*`|\$ make .*", text))

    assert set(re.findall(r"\bmake ([a-z-]+)", shown)) - targets == set()


def commands_of(group, words=()):
    """Return every command and group by its words, with the options that it takes."""
    with click.Context(group, info_name="repro") as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
            yield (*words, name), {*options, "--help", "-h"}
            if isinstance(command, click.Group):
                yield from commands_of(command, (*words, name))


COMMANDS = dict(commands_of(cli))


def used(text):
    """Return the calls of `repro` on a page, in code and in prose, as lists of words."""
    spans = [*re.findall(r"^\$ (.*)$", text, re.MULTILINE), *re.findall(r"`([^`\n]+)`", text)]
    calls = (re.search(r"(?:^|[\s/])repro (?!--help|--version)(.*)", span) for span in spans)
    return [call[1].split("#")[0].replace("|", " ").split() for call in calls if call]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists_with_its_options(page):
    """The command line itself is asked."""
    for words in used(page.read_text(encoding="utf-8")):
        depth = 2 if tuple(words[:2]) in COMMANDS else 1
        known = COMMANDS.get(tuple(words[:depth]))
        own = words[: words.index("--")] if "--" in words else words

        assert known is not None, words
        assert {w.partition("=")[0] for w in own if re.match(r"--?[a-z]", w)} <= known, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_is_named_exists(page):
    """One that stands alone in prose is an option of some command, or of a program named here."""
    known = set().union(*COMMANDS.values(), *FOREIGN.values(), {"--version", "--set"})
    found = re.findall(r"`(--[a-z][a-z-]*)", prose(page.read_text(encoding="utf-8")))

    assert set(found) - known == set()


def test_the_search_for_commands_finds_them():
    """The tests above are able to fail."""
    assert used("`repro runs groups --stability` and\n$ .venv/bin/repro verify A # c\n") == [
        ["verify", "A"],
        ["runs", "groups", "--stability"],
    ]
    assert ("train",) in COMMANDS
    assert "--workers" in COMMANDS[("train",)]
    assert Path(README.split("(docs/")[1].split(")")[0]).name == "levels.md"
