"""Which differences between two files a verdict of `identical` may pass over.

Nothing of the product is used: both files are parsed by the standard library, and the table below
is the one place that says what no comparison has to look at.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ABSENT = object()
# Records of before have it not, so that one without it claims nothing.
_LATER = "unordered"
# Settings of estimators have no declared type: 1 and 1.0 may be different models.
_UNTYPED = re.compile(r"((recipe\.)?config\.)?models\.")
# What `verify` and `compare` show as claimed, or as a difference in the environment.
_CLAIMED = re.compile(
    # What a record copies follows from its stages, whose outputs are compared.
    r"evidence\.copied_from\.(drift_baseline|predictions)\b|environment\.|(materials\.)?code\b|digest$|(keys\.)?environment_key$"
    # `verify` compares it with the table that it reads; a record does not have it.
    r"|lineage\.dataset\.rows$|materials\.data\.0\.rows$"
    # Where and how wide work runs, how it is judged, and what may be imported: no part of a result.
    r"|config\.(execution|verification|stability|security|description|dataset\.(description|origin|licence))\b"
)


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value that is not a list or an object, by its dotted path; empty ones too.

    Predictions go by their row: in a sample, their order says nothing.
    """
    if isinstance(value, list) and value and all(isinstance(v, dict) and "row" in v for v in value):
        value = {str(child["row"]): child for child in value}
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from leaves(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for position, child in enumerate(value):
            yield from leaves(child, f"{path}.{position}")
    else:
        yield path, value


def differing(left: object, right: object) -> list[str]:
    """Return the paths at which two JSON values differ, by value and, where it counts, by type."""
    ours, theirs = dict(leaves(left)), dict(leaves(right))
    paths = sorted(ours.keys() | theirs.keys())
    return [p for p in paths if not _same(p, ours.get(p, _ABSENT), theirs.get(p, _ABSENT))]


def _same(path: str, left: object, right: object) -> bool:
    if left is _ABSENT or right is _ABSENT:
        # A field that may be missing says nothing where it is null.
        optional = path.endswith((_LATER, "materials.data.0.rows"))
        return optional or (left in (None, _ABSENT) and right in (None, _ABSENT))
    if _UNTYPED.match(path):
        return _exactly(left, right)
    numbers = [isinstance(v, int | float) and not isinstance(v, bool) for v in (left, right)]
    return left == right if all(numbers) else _exactly(left, right)


def _exactly(left: object, right: object) -> bool:
    if type(left) is not type(right) or left != right:
        return False
    return not isinstance(left, float) or math.copysign(1, left) == math.copysign(1, right)


def unseen(left: object, right: object, shown: Iterable[str] = ()) -> list[str]:
    """Return the differences between two JSON values that `identical` must not pass over.

    Parameters
    ----------
    shown : iterable of str
        The dotted paths that stand beside the verdict as different.
    """
    known = tuple(shown)
    # The second version has the configuration inside the recipe.
    found = [path.removeprefix("recipe.") for path in differing(left, right)]
    return [path for path in found if not _CLAIMED.match(path) and not path.startswith(known)]
