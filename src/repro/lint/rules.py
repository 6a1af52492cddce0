"""The rules: what each of them finds, why it matters, and the usual fix."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """One rule.

    Attributes
    ----------
    id : str
        Such as ``RPR001``; it keeps its meaning for ever.
    name : str
        The same for people, such as ``hard-coded-seed``.
    why : str
        Why it matters to whoever reproduces a result.
    fix : str
        What to do about a finding.
    """

    id: str
    name: str
    why: str
    fix: str


UNREADABLE = Rule(
    "RPR000",
    "unreadable-file",
    "a file that cannot be parsed was not checked",
    "correct the file: nothing else in it was looked at",
)
HARD_CODED_SEED = Rule(
    "RPR001",
    "hard-coded-seed",
    "a seed in the code cannot be varied, recorded or reviewed without editing the program",
    "read it from the configuration and pass it on, such as repro.derive_seed(config.seed, NAME)",
)
HARD_CODED_PARAMETER = Rule(
    "RPR002",
    "hard-coded-parameter",
    "a hyper-parameter in the code is not part of any recorded configuration",
    "read it from the configuration",
)
HARD_CODED_THRESHOLD = Rule(
    "RPR003",
    "hard-coded-threshold",
    "a decision threshold in the code is neither learned from training data nor recorded",
    "learn it on the training rows, or read it from the configuration",
)
UNSEEDED_ESTIMATOR = Rule(
    "RPR004",
    "unseeded-estimator",
    "without random_state it draws from the global generator: the result depends on all that drew"
    " before, and differs from run to run if nothing seeds it",
    "pass random_state, such as repro.derive_seed(config.seed, NAME)",
)
UNSEEDED_GENERATOR = Rule(
    "RPR005",
    "unseeded-generator",
    "without a seed it starts differently in every process",
    "pass a seed from the configuration",
)
UNSEEDED_GLOBAL = Rule(
    "RPR006",
    "unseeded-global",
    "the global generator starts differently in every process, and this file never seeds it",
    "draw from a seeded generator of your own, or call repro.seed_all first",
)
UNSEEDED_TORCH = Rule(
    "RPR007",
    "unseeded-torch",
    "PyTorch starts differently in every process, and this file never seeds it",
    "call torch.manual_seed or repro.seed_all first, with a seed from the configuration",
)
UNPINNED_THREADS = Rule(
    "RPR008",
    "unpinned-threads",
    "the number of workers follows the machine, and the order of sums can follow the workers",
    "use n_jobs=1, or read the number from the configuration",
)
INVALID_SUPPRESSION = Rule(
    "RPR009",
    "invalid-suppression",
    "a comment that names no rule silences nothing",
    "name a rule: # repro: ignore[RPR001]",
)

RULES = {
    rule.id: rule
    for rule in (
        UNREADABLE,
        HARD_CODED_SEED,
        HARD_CODED_PARAMETER,
        HARD_CODED_THRESHOLD,
        UNSEEDED_ESTIMATOR,
        UNSEEDED_GENERATOR,
        UNSEEDED_GLOBAL,
        UNSEEDED_TORCH,
        UNPINNED_THREADS,
        INVALID_SUPPRESSION,
    )
}
