"""One more reference that the result of an execution is compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.app.subjects.commands import meaning_of
from repro.app.subjects.recorded import find_intact, record_of
from repro.app.subjects.reported import is_report, read_report
from repro.config.common_keys import keys_from, with_common_keys
from repro.config.recorded import read_config
from repro.core.errors import ConfigError
from repro.core.reported import ReportedMetrics
from repro.core.verdict import NamedComparison
from repro.divergence.assess import assess
from repro.divergence.reported import compare_reported
from repro.store.naming import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.verification import VerificationSettings
    from repro.core.record import AnyRecord
    from repro.core.verdict import Comparison, Verification
    from repro.divergence.tolerance import ToleranceRequest


@dataclass(frozen=True)
class Reference:
    """A record, or a report of metrics, that a result is compared with.

    Attributes
    ----------
    name : str
        For people.
    source : AnyRecord or ReportedMetrics
    mapping : mapping of str to str
        Names of the report by hand: the metric that each is.
    """

    name: str
    source: AnyRecord | ReportedMetrics
    mapping: Mapping[str, str]

    def named(self, name: str) -> Reference:
        """Return the reference with a different name for people."""
        return replace(self, name=printable(name))

    def check(self, record: AnyRecord, asked: ToleranceRequest) -> None:
        """Check that a result like a record can be compared, before anything is executed.

        Raises
        ------
        ConfigError
            As ``compare_reported``.
        """
        if isinstance(self.source, ReportedMetrics):
            compare_reported(self.source, record, asked, self.mapping)

    def compare(
        self, actual: AnyRecord, settings: VerificationSettings, asked: ToleranceRequest
    ) -> Comparison:
        """Compare a result with the reference.

        Raises
        ------
        ConfigError, PreconditionError
            As ``compare_reported`` and ``assess``.
        """
        if isinstance(self.source, ReportedMetrics):
            return compare_reported(self.source, actual, asked, self.mapping)
        both = with_common_keys(self.source, actual)
        return assess(settings, *both, asked, meaning_of(self.source))


def read_reference(base: Path, runs: Path, name: str, mapping: Mapping[str, str]) -> Reference:
    """Read a run, a record, or a report of metrics.

    Raises
    ------
    PreconditionError, SchemaError
        If there is no such thing, or it is damaged.
    ConfigError
        If a mapping is given for a record, whose names need none.
    """
    if is_report(base, name):
        report = read_report(base, name)
        return Reference(printable(report.name), report, mapping)
    check_unmapped(name, mapping)
    subject = find_intact(base, runs, name)
    return Reference(printable(subject.path.name), rekeyed(record_of(subject)), {})


def rekeyed(record: AnyRecord) -> AnyRecord:
    """Take a record with the keys that follow from its configuration, not with those it claims."""
    if not record.is_pipeline:
        return record
    config = read_config(record.config, "config.json")
    return record.with_keys(keys_from(config, record))


def check_unmapped(name: str, mapping: Mapping[str, str]) -> None:
    """Refuse a mapping of names for a record.

    Raises
    ------
    ConfigError
    """
    if mapping:
        raise ConfigError(
            f"--map: {name} is a record of repro, whose names are those of its numbers",
            advice="remove --map, or name a report of metrics",
        )


def with_reference(
    verification: Verification, reference: Reference | None, comparison: Comparison | None
) -> Verification:
    """Add the comparison with one more reference: the whole holds only if both do."""
    if reference is None or comparison is None:
        return verification
    sentence = verification.sentence
    if verification.holds and not comparison.holds:
        found = comparison.finding or comparison.reasons[0]
        sentence = f"{reference.name}: {comparison.verdict}: {found}"
    return verification.model_copy(
        update={
            "holds": verification.holds and comparison.holds,
            "sentence": sentence,
            "reference": NamedComparison(name=reference.name, comparison=comparison),
        }
    )
