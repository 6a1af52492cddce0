"""Installed distributions, from the first lines of their metadata."""

from __future__ import annotations

import importlib.metadata
import json
import re
from email import message_from_string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution

# They lock files, read requirements and write reports. Only repro's commands load them: they take
# part in a training only if an estimator uses them, which is observed.
_COMMANDS_ONLY = frozenset({"filelock", "junitparser", "packaging"})
# They carry tasks to processes and compute nothing: the executor of a training changes no result.
_CARRIERS = frozenset({"distributed", "ray"})
# By a pattern: a training that loaded a parser for it could not observe whether an estimator uses
# that parser.
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SEPARATORS = re.compile(r"[-_.]+")


def normalised(name: str) -> str:
    """Normalise the name of a distribution (PEP 503).

    Examples
    --------
    >>> normalised("Scikit_Learn")
    'scikit-learn'
    """
    return _SEPARATORS.sub("-", name).lower()


def observe_packages() -> dict[str, str]:
    """Return the version of every installed distribution, by normalised name, sorted.

    Of several copies of one distribution, the first on the import path counts, as it does for an
    import.
    """
    found: dict[str, str] = {}
    for name, version, _ in installed():
        found.setdefault(name, version)
    return dict(sorted(found.items()))


def observe_runtime() -> tuple[str, ...]:
    """Return the installed distributions that ``repro`` requires, directly or not, sorted.

    Its extras count where they are installed. Where ``repro`` itself is not installed, nothing says
    what it requires, and every distribution counts.
    """
    installed = set(observe_packages())
    if "repro" not in installed:
        return tuple(sorted(installed))
    found, pending = {"repro"}, ["repro"]
    while pending:
        name = pending.pop()
        needed = set(requirements_of(name)) & installed
        needed -= _COMMANDS_ONLY | _CARRIERS if name == "repro" else set()
        pending += needed - found
        found |= needed
    return tuple(sorted(found))


def requirements_of(name: str) -> Iterator[str]:
    """Give the normalised names that a distribution requires; of ``repro``, its extras too."""
    for text in _requires(importlib.metadata.distribution(name)):
        # The extras of others are not asked for; those of repro are its optional families.
        requirement = _REQUIREMENT.match(text)
        if requirement and ("extra ==" not in text or name == "repro"):
            yield normalised(requirement[0])


def _requires(distribution: Distribution) -> list[str]:
    text = distribution.read_text("METADATA")
    if text is None:
        return distribution.requires or []
    # The whole of it is parsed by `requires`, and most of it is a long description.
    return message_from_string(text.partition("\n\n")[0]).get_all("Requires-Dist") or []


def observe_working_trees() -> tuple[str, ...]:
    """Return the distributions that are installed from a folder of sources, sorted."""
    return tuple(
        sorted({name for name, _, distribution in installed() if _is_editable(distribution)})
    )


def installed() -> Iterator[tuple[str, str, Distribution]]:
    """Give the normalised name and version of every distribution, in the order of the path."""
    for distribution in importlib.metadata.distributions():
        fields = _head(distribution)
        # A folder left behind by a removal that was cut short has no name or version.
        if fields.get("name") and fields.get("version"):
            yield normalised(fields["name"]), fields["version"], distribution


def _head(distribution: Distribution) -> dict[str, str]:
    # Parsing the metadata as the mail message it is costs twenty times as much.
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if not colon or len(fields) == 2:
            break
        if key.lower() in {"name", "version"}:
            fields[key.lower()] = value.strip()
    return fields


def _is_editable(distribution: Distribution) -> bool:
    text = distribution.read_text("direct_url.json") or "{}"
    try:
        return bool(json.loads(text).get("dir_info", {}).get("editable", False))
    except json.JSONDecodeError:
        return False
