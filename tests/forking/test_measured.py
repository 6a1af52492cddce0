"""Coverage is measured in the processes of commands too, however they are started."""

import subprocess
import sys

import pytest
from coverage import CoverageData

from tests.conftest import ROOT, inherited, make_project
from tests.forking.client import POSSIBLE

forked = pytest.mark.skipif(not POSSIBLE, reason="every command is a process of its own here")
DRIVER = """
import sys
from tests.conftest import SERVERS, command, inherited

way, *words = sys.argv[1:]
line = ["-m", "repro", *words]
if way == "forked":
    SERVERS.find(line, inherited())
    assert SERVERS.find(line, inherited()) is not None
    result = command(*line)
elif way == "fresh":
    result = command(*line, env={"AN_UNKNOWN_VARIABLE": "1"})
else:
    result = command(way, *line)
SERVERS.close()
sys.exit(result.err or result.status)
"""


@pytest.mark.parametrize(
    ("way", "words", "module"),
    [
        pytest.param("forked", ("runs", "list"), "store/listing.py", marks=forked),
        ("fresh", ("runs", "list"), "store/listing.py"),
        ("-P", ("runs", "list"), "store/listing.py"),
        ("-I", ("runs", "list"), "store/listing.py"),
        # It is replaced by the interpreter of its level, before it loads a library.
        ("fresh", ("env", "show", "--level", "strict"), "capture/environment.py"),
    ],
    ids=["forked", "fresh", "-P", "-I", "restarted"],
)
def test_lines_of_functions_that_only_a_command_calls_are_measured(tmp_path, way, words, module):
    """An import alone would run no line of a function's body."""
    source = ROOT / "src" / "repro" / module
    (tmp_path / "driver.py").write_text(DRIVER)
    project = make_project(tmp_path / "project").path
    environ = {k: v for k, v in inherited().items() if not k.startswith("COVERAGE")}
    options = (f"--rcfile={ROOT / 'pyproject.toml'}", f"--data-file={tmp_path / 'data'}")
    subprocess.run(
        [sys.executable, "-m", "coverage", "run", *options, tmp_path / "driver.py", way, *words,
         "--project", project],
        cwd=tmp_path, env=environ | {"PYTHONPATH": str(ROOT)}, check=True,
    )  # fmt: skip

    lines = set()
    for path in tmp_path.glob("data.*"):
        data = CoverageData(str(path))
        data.read()
        lines |= set(data.lines(str(source)) or ())
    bodies = [
        n for n, line in enumerate(source.read_text().splitlines(), 1) if "    return " in line
    ]
    assert lines & set(bodies)
