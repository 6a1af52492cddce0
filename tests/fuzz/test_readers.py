"""Nothing that a stranger sends ends in a foreign exception, a false `identical`, or much memory.

A fixed number of examples of a fixed seed for every reader; for more: ``make fuzz
ARGS="--minutes 30 --seed 7"``.
"""

from tests.conftest import command

# About a minute, with the training whose run is damaged.
SEED, EXAMPLES = 1, 24


def test_every_reader_takes_what_it_is_given():
    """What was found stands in the output, with the file under build/fuzz that shows it."""
    result = command("-m", "tests.fuzz", "--examples", EXAMPLES, "--seed", SEED)

    assert result.status == 0, f"seed {SEED}\n{result.err}\n{result.out}"
    assert "; 0 found" in result.out
