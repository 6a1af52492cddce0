"""Findings in programs as SARIF 2.1.0, which services for code review read.

The form is that of the OASIS standard "Static Analysis Results Interchange Format, version 2.1.0".
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from repro import __version__
from repro.core.canonical import TaggedHash
from repro.lint.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.core.linting import LintFinding, LintReport
    from repro.lint.rules import Rule

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ORDER = list(RULES)


def lint_sarif(report: LintReport) -> dict[str, object]:
    """Return a report as the object that a SARIF file holds."""
    driver = {
        "name": "repro lint",
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in RULES.values()],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": list(_results(report)),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.name},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": "warning"},
    }


def _results(report: LintReport) -> Iterator[dict[str, object]]:
    seen: dict[tuple[str, str, str], int] = {}
    for each in report.findings:
        key = (each.path, each.rule, each.reason)
        seen[key] = seen.get(key, 0) + 1
        yield {
            "ruleId": each.rule,
            "ruleIndex": _ORDER.index(each.rule),
            "level": "warning",
            "message": {"text": _message(each)},
            "locations": [_location(each)],
            # The same while lines move, so that a finding is not reported as a new one.
            "partialFingerprints": {"repro/v1": _fingerprint(*key, str(seen[key]))},
        }


def _message(each: LintFinding) -> str:
    where = f" (cell {each.cell}, line {each.line})" if each.cell else ""
    return f"{each.reason}{where}: {each.why}. Fix: {each.fix}"


def _location(each: LintFinding) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(each.path)}}
    if each.cell:
        # Lines of a notebook's file are those of its JSON, which nobody reads.
        cell = {"name": f"cell {each.cell}", "kind": "module"}
        return {"physicalLocation": place, "logicalLocations": [cell]}
    region = {
        "startLine": each.line,
        "startColumn": each.column,
        "endLine": each.end_line,
        "endColumn": each.end_column,
    }
    return {"physicalLocation": {**place, "region": region}}


def _uri(path: str) -> str:
    """Return a path as a relative reference, or as a URI of a file if it is absolute."""
    text = quote(path)
    if PurePosixPath(path).is_absolute():
        return f"file://{text}"
    # A colon in the first part would be taken for a scheme, but it is quoted.
    return text


def _fingerprint(*parts: str) -> str:
    tagged = TaggedHash("lint-finding")
    for part in parts:
        tagged.add(part.encode())
    return tagged.digest()
