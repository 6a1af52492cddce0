"""Plain English: phrases that make a native reader stumble do not come back."""

import ast
import io
import re
import tokenize

import pytest

from tests.conftest import ROOT
from tests.documents import PAGES, prose

# What a phrase is, by a short name, and what to write in its place.
PHRASES = {
    "tell": (r"\b(?:tells?|told|telling)\b", "say, report, show, distinguish"),
    "another": (r"\banother\b", "a different, a second"),
    "here": (r"\bhere\b", "on this machine; this run; name the place"),
    "there": (r"\bis there\b|\bthere,|\bthere\b(?=[.;:]|$)", "name the place"),
    "against": (r"\b(?:held|hold|holds|holding)\b[^.]{0,40}?\bagainst\b", "compare with"),
    "anew": (r"\banew\b", "again, a fresh copy"),
    "due": (r"\bdue\b(?! to)", "expected"),
    "part": (
        r"\bparts? (?:at|because|here|there)\b|\bthat parts?\b|\b(?:is|are|was|were|two) parted\b"
        r"|\bparted\b|\bparting\b|\btwo part\b",
        "diverge, differ",
    ),
    "mend": (r"\bmend(?:s|ed|ing)?\b", "fix"),
    "no end": (r"\b(?:comes?|came) to no end\b", "did not finish"),
    "in check": (r"\bkept in check\b|\bin vain\b", "controlled, to no effect"),
    "none": (r"\b(?:is|are|was|were|be) (?-i:none)\b", "there is no, is not"),
    "ours": (r"\b(?:ours|theirs)\b", "actual, expected"),
    "by itself": (r"\bby (?:itself|themselves)\b", "separately, on its own"),
    "wants": (r"\bas (?:\w+ ){1,3}wants? it\b", "as it requires"),
    "who": (r"(?:^|[.:;,] )who(?:ever)? \w+", "anybody who"),
}
# A docstring that begins with a question word hides its subject.
QUESTION = r"\A(?:What|Whether|Which|Where|Who|How|Why|When)\b"

# What is left in src/, which only falls. Messages of findings are in stage digests, and a reason
# of git is in the environment of records: their wording stays.
MESSAGES = {"another": 3, "here": 1}
DOCSTRINGS: dict[str, int] = {}
COMMENTS: dict[str, int] = {}


def counted(texts, phrases=PHRASES):
    """Return how often each phrase occurs in some texts."""
    joined = [" ".join(text.split()) for text in texts]
    return {
        name: sum(len(re.findall(pattern, text, re.IGNORECASE)) for text in joined)
        for name, (pattern, _) in phrases.items()
    }


def spoken(source):
    """Return the docstrings of a module, and the sentences among its other strings."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    holders = {
        id(node.body[0].value): ast.get_docstring(node)
        for node in ast.walk(tree)
        if isinstance(node, documented) and ast.get_docstring(node) is not None
    }
    strings = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in holders)
    sentences = [n.value for n in strings if isinstance(n.value, str) and " " in n.value.strip()]
    return list(holders.values()), sentences


def comments_of(source):
    """Return the comments of a module, without those for tools."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    found = (token.string for token in tokens if token.type == tokenize.COMMENT)
    return [re.sub(r"#\s*(?:noqa|type|fmt|nosec)\b[^-]*-?", "", comment) for comment in found]


def of_source():
    docstrings, messages, comments = [], [], []
    for path in sorted((ROOT / "src" / "repro").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        found, said = spoken(source)
        comments += comments_of(source)
        # The docstring of a command is its help.
        shown = path.parent.name == "cli"
        docstrings += [] if shown else found
        messages += said + (found if shown else [])
    for path in sorted((ROOT / "src" / "repro" / "report" / "templates").rglob("*.*")):
        messages.append(re.sub(r"<(style|script).*?</\1>", "", path.read_text(encoding="utf-8")))
    return docstrings, messages, comments


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_have_none_of_these_phrases(page):
    """What programs print is counted where it is written, in their source."""
    found = counted([prose(page.read_text(encoding="utf-8"))])

    assert {name: PHRASES[name][1] for name, count in found.items() if count} == {}


def test_the_source_has_no_more_of_them_than_it_had():
    """A ratchet: what is written now keeps to the words of the glossary."""
    texts = of_source()
    found = [counted(each) for each in texts]
    found[0]["question"] = sum(re.match(QUESTION, text) is not None for text in texts[0])

    for counts, limits in zip(found, (DOCSTRINGS, MESSAGES, COMMENTS), strict=True):
        assert {n: c for n, c in counts.items() if c != limits.get(n, 0)} == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tell of every difference.", "tell"),
        ("another data set: a, b", "another"),
        ("seed: 42, here 7", "here"),
        ("x there, y here", "there"),
        ("Hold each candidate against the reference.", "against"),
        ("get the file anew", "anew"),
        ("the same bits are due", "due"),
        ("the first step that parts", "part"),
        ("how to mend it", "mend"),
        ("training came to no end", "no end"),
        ("kept in check at level 'portable'", "in check"),
        ("if the tolerance is none", "none"),
        ("theirs: 5", "ours"),
        ("a pass by itself", "by itself"),
        ("starts it as the level wants it", "wants"),
        ("Who edits one is found.", "who"),
    ],
)
def test_a_planted_phrase_is_found(text, name):
    """The search is able to fail, for each phrase."""
    assert counted([text])[name] == 1


@pytest.mark.parametrize(
    "text",
    ["due to rounding", "the parts of a name", "compare it with the reference", "is nonetheless"],
)
def test_plain_sentences_are_left_alone(text):
    """The search does not cry wolf."""
    assert sum(counted([text]).values()) == 0


def test_names_and_keys_are_not_counted():
    """Nor are single words between braces; docstrings and messages are."""
    source = 'def f():\n    """Say it."""\n    return {"key": f"one {f} two", "b": "more words"}\n'

    assert spoken(source) == (["Say it."], ["more words"])
