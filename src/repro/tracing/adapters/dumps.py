"""Objects that are written to files: the object is digested, since its pickle bytes can vary."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repro.tracing.recorder import Recorder


def joblib(module: Any, recorder: Recorder) -> None:
    """Watch ``joblib.dump``."""
    recorder.around(
        module, "dump", lambda value, filename, *_, **__: recorder.dump(value, filename)
    )


def pickle(module: Any, recorder: Recorder) -> None:
    """Watch ``pickle.dump`` to a file that has a name."""

    def dumped(value: object, file: Any, *_: object, **__: object) -> None:
        """Note the object, if the file has a name."""
        name = getattr(file, "name", None)
        if isinstance(name, (str, os.PathLike)):
            recorder.dump(value, name)

    recorder.around(module, "dump", dumped)
