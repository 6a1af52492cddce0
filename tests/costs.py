"""What a test costs and needs, by its folder; and which files are to be begun first."""

from __future__ import annotations

# Everything else runs in the tests' own process, or in a few short ones.
MARKERS = {
    "cli": ("slow",),
    "container": ("slow", "container"),
    "cpu": ("slow", "cpu"),
    "forking": ("slow",),
    "matrix": ("slow",),
    "nix": ("slow", "nix"),
    "report": ("slow",),
}
# A fixture that fetches something.
NETWORK = {"bench", "docker", "layout", "older"}
# Files go to workers as a whole: one that takes minutes must not be the last to begin.
FIRST = (
    "container/test_image_clock.py",
    "cli/test_explain.py",
    "matrix/test_matrix_runs.py",
    "cli/test_verify.py",
    "container/",
    "cli/test_comparing.py",
    "cpu/",
    "cli/",
    "nix/",
    "report/",
    "forking/",
)


def markers_of(path: str, fixtures: set[str]) -> set[str]:
    """Return the markers of a test, from its file below `tests` and the fixtures that it uses.

    Examples
    --------
    >>> sorted(markers_of("container/test_image_clock.py", {"bench"}))
    ['container', 'network', 'slow']
    >>> markers_of("core/test_bits.py", set())
    set()
    """
    folder = path.partition("/")[0]
    fetches = bool(NETWORK & fixtures) and folder in {"cli", "container"}
    return {*MARKERS.get(folder, ()), *(("network",) if fetches else ())}


def place_of(path: str) -> int:
    """Return when a file is to be begun: a smaller number comes first."""
    return next((n for n, start in enumerate(FIRST) if path.startswith(start)), len(FIRST))
