"""What `repro init --script` says of a script that cannot run in its project."""

from __future__ import annotations

import pytest

from repro.app.init.imports import doubts_about

LOCKED = frozenset({"scikit-learn", "numpy", "pyyaml"})


def doubts(folder, text, locked=LOCKED):
    script = folder / "train.py"
    script.write_bytes(text if isinstance(text, bytes) else text.encode())
    return doubts_about(script, folder, locked)


def test_what_is_there_is_not_named(tmp_path):
    """The standard library, the lock under its own names, own modules, and what is optional."""
    (tmp_path / "helpers.py").touch()
    (tmp_path / "parts").mkdir()
    text = (
        "import os.path, json\nimport sklearn.linear_model, numpy as np\nimport yaml\n"
        "from helpers import x\nimport parts.one\nfrom . import sibling\n"
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n"
    )

    assert doubts(tmp_path, text) == ()


def test_a_module_that_the_lock_lacks_is_named_once_with_its_distribution(tmp_path):
    """With the line of its first import, wherever in the script it stands."""
    text = "import xgboost\n\ndef f():\n    from bs4 import x\n    import xgboost.core\n"

    assert doubts(tmp_path, text) == (
        "train.py, line 1: imports xgboost, which the lock of the project lacks: add xgboost to"
        " requirements.in, then: make lock",
        "train.py, line 4: imports bs4, which the lock of the project lacks: add beautifulsoup4 to"
        " requirements.in, then: make lock",
    )
    # An import that fails for a different reason than a missing module is needed all the same.
    text = "try:\n    import xgboost\nexcept ValueError:\n    pass\n"
    assert len(doubts(tmp_path, text)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\nif x\n", "train.py, line 2: is not Python: expected ':'"),
        ("print 'x'\n", "train.py, line 1: is not Python: Missing parentheses"),
        (b"x = '\xe9'\n", "is not Python: "),
        (b"x = 1\0\n", "is not Python: "),
    ],
)
def test_a_script_that_is_not_python_is_named(tmp_path, text, words):
    """With the line, where there is one."""
    (found,) = doubts(tmp_path, text)

    assert words in found
    assert "correct it before make train" in found
