"""Pictures as inline SVG: vector, deterministic, in the colours of the page.

matplotlib draws, by the extra ``plots``. Nothing imports it before a picture is requested.
"""

from __future__ import annotations

from importlib import import_module

from repro.core.errors import PreconditionError


def require(what: str) -> None:
    """Import matplotlib, or say how to have it.

    Parameters
    ----------
    what : str
        What needs it, to begin a sentence.

    Raises
    ------
    PreconditionError
        If it is not installed.
    """
    try:
        import_module("matplotlib")
    except ImportError as error:
        raise PreconditionError(
            f"{what} needs matplotlib ({error})",
            advice="pip install -e '.[plots]', in the project's environment",
        ) from error
