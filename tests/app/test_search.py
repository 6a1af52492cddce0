"""The order of the search, and what it leaves out; what each training would give is given here."""

from dataclasses import dataclass

import pytest
from tests.conftest import ROOT

from repro.app.explain.counterfactuals import Counterfactuals, Effort
from repro.app.explain.interventions import Intervention
from repro.app.explain.programs import Experiment
from repro.app.explain.search import search
from repro.app.subjects.recorded import Named
from repro.config.recorded import parse_config
from repro.core.comparison import Suspect
from repro.core.explanation import Counterfactual
from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile

RECORD = load_record((ROOT / "reference" / "credit.json").read_bytes(), "credit", RecordFile)
CONFIG = parse_config(RECORD.config, "credit")


@dataclass
class Foretold(Counterfactuals):
    """Trainings that confirm where they have all that is needed: nothing is trained."""

    needed: frozenset[str] = frozenset()

    def train(self, causes, intervention):
        self.spent += 1
        self.made.append(
            Counterfactual(
                causes=tuple(causes),
                settings=intervention.settings,
                sections=intervention.sections,
                packages=intervention.packages,
                agreeing=0,
                outputs=1,
                confirms=self.needed.issubset(causes),
                seconds=0.0,
                failure="",
            )
        )


class Fetched:
    """Every version is there already."""

    def fetch(self, name, apart):
        return ""


def suspect(cause, key):
    return Suspect(cause=cause, differences={key: ("1", "2")}, rule="it can", can_act=True)


# The C library of Debian 12, which the tree of a machine with a different one has.
LIBC = Suspect(
    cause="maths functions of the C library",
    differences={"platform.libc_version": ("2.36", "2.41")},
    rule="it can",
    can_act=True,
)
BOOKWORM = RECORD.model_copy(
    update={
        "environment": RECORD.environment.model_copy(
            update={
                "platform": RECORD.environment.platform.model_copy(
                    update={"libc": "glibc", "libc_version": "2.36"}
                )
            }
        )
    }
)


def searched(needed, causes, runs=99):
    """Return what suffices, why others were not tried, and what was tried, in order."""
    effort = Effort(runs=runs, packages=False, notify=lambda _: None)
    trials = Foretold(
        program=Experiment(ROOT, CONFIG),
        subject=Named("a record", BOOKWORM),
        against=None,
        effort=effort,
        start=Intervention(),
        throwaway=Fetched(),
        needed=frozenset(needed),
    )
    confirmed, untried = search(trials, RECORD, causes)
    return confirmed, untried, [trial.causes for trial in trials.made]


SECTIONS = [suspect(name, name) for name in ("seed", "split", "features")]
PACKAGES = [suspect(name, f"packages.{name}") for name in ("numpy", "scipy", "pandas")]


def test_the_only_difference_is_tried_once():
    """All of them together is that one again."""
    assert searched({"other"}, SECTIONS[:1]) == ((), {}, [("seed",)])


def test_what_was_not_needed_is_named_with_the_reason():
    """It could have been tried, and was not."""
    confirmed, untried, tried = searched({"seed"}, SECTIONS)

    assert (confirmed, tried) == (("seed",), [("seed",)])
    assert untried == dict.fromkeys(
        ("split", "features"), "the first divergence is explained without it"
    )


def test_what_there_was_no_training_left_for_is_named_too():
    """More of them may be allowed."""
    confirmed, untried, tried = searched({"features"}, SECTIONS, runs=2)

    assert (confirmed, tried) == ((), [("seed",), ("split",)])
    assert untried == {"features": "no more trainings were allowed (--max-runs 2)"}


@pytest.mark.parametrize("needed", [{"numpy", "pandas"}, {"scipy", "pandas"}])
def test_packages_that_help_together_are_cut_down_to_those_that_are_needed(needed):
    """The one that is not is put back."""
    confirmed, untried, tried = searched(needed, PACKAGES)

    assert (set(confirmed), untried) == (needed, {})
    assert tried[:4] == [("numpy", "scipy", "pandas"), ("numpy",), ("scipy",), ("pandas",)]
    assert set(map(frozenset, tried[4:])) >= {frozenset(needed)}


def test_one_package_that_suffices_is_not_cut_down():
    """Each is tried alone once all together helped."""
    confirmed, _, tried = searched({"scipy"}, PACKAGES)

    assert confirmed == ("scipy",)
    assert tried == [("numpy", "scipy", "pandas"), ("numpy",), ("scipy",)]


def test_a_package_and_a_setting_that_help_together_are_both_named():
    """Neither suffices alone; what neither needs is put back."""
    confirmed, untried, _ = searched({"split", "scipy"}, [*SECTIONS, *PACKAGES])

    assert (confirmed, untried) == (("split", "scipy"), {})


@pytest.fixture
def trees(monkeypatch):
    """Every tree is there already."""
    monkeypatch.setattr("repro.app.explain.programs.why_no_tree", lambda *_, **__: "")


def test_a_tree_is_tried_like_a_setting(trees):
    assert searched({LIBC.cause}, [LIBC]) == ((LIBC.cause,), {}, [(LIBC.cause,)])


def test_a_tree_and_other_versions_of_packages_are_never_tried_at_once(trees):
    """The tree has those of the lock; either goes with the rest."""
    causes = [LIBC, *SECTIONS[:1], *PACKAGES[:1]]
    confirmed, untried, tried = searched({"nothing of these"}, causes)

    assert (confirmed, untried) == ((), {})
    assert tried == [
        (LIBC.cause,), ("seed",), ("numpy",), ("seed", "numpy"), (LIBC.cause, "seed"),
    ]  # fmt: skip


def test_a_tree_and_a_section_that_help_together_are_both_named(trees):
    confirmed, _, _ = searched({LIBC.cause, "split"}, [LIBC, *SECTIONS])

    assert confirmed == (LIBC.cause, "split")


def test_a_tree_that_cannot_be_used_is_a_reason(monkeypatch):
    """Whatever else is tried."""
    reason = "needs a tree of Debian 12 (bookworm): no"
    monkeypatch.setattr("repro.app.explain.programs.why_no_tree", lambda *_, **__: reason)
    confirmed, untried, tried = searched({"seed"}, [LIBC, *SECTIONS[:1]])

    assert (confirmed, untried, tried) == (("seed",), {LIBC.cause: reason}, [("seed",)])
