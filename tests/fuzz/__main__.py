"""Run the fuzzer: ``python -m tests.fuzz --minutes 30 --seed 7``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.bases import RECORDS, small_record
from tests.fuzz.campaign import LARGEST_SECONDS, Campaign
from tests.fuzz.readers import Reader, records
from tests.fuzz.runs import run_readers
from tests.fuzz.settings import beside_readers, setting_readers
from tests.fuzz.swollen import swollen
from tests.fuzz.tables import table_readers
from tests.fuzz.world import World, make_world

GROUPS = ("records", "tables", "settings", "runs")
_BATCH = 20


def readers_of(groups: list[str], folder: Path, experiments: list[str]) -> list[Reader]:
    """Return the readers of some groups; a run of each experiment is trained for them."""
    found: list[Reader] = []
    for experiment in experiments:
        world = make_world(folder, experiment)
        found += _readers_of(groups, world, first=experiment == experiments[0])
    return found


def _readers_of(groups: list[str], world: World, *, first: bool) -> list[Reader]:
    found: list[Reader] = []
    if first and "records" in groups:
        found += [records(world, name, small_record(path)) for name, path in RECORDS.items()]
        found += beside_readers(world, small_record(RECORDS["record"]))
    if first and "tables" in groups:
        found += table_readers(world)
    if first and "settings" in groups:
        found += setting_readers(world)
    if "runs" in groups:
        found += run_readers(world)
    return found


def main() -> int:
    """Fuzz for some minutes, or a number of examples; status 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0, help="how long; else one round")
    parser.add_argument("--examples", type=int, default=_BATCH, help="of each reader, in a round")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=GROUPS, help="a group of readers")
    parser.add_argument("--reader", help="readers whose name begins so")
    parser.add_argument("--input", type=Path, help="read this file alone, by --reader")
    parser.add_argument("--experiment", action="append", help="whose run is damaged")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="repro-fuzz-") as folder:
        return _fuzz(arguments, Path(folder))


def _fuzz(arguments: argparse.Namespace, folder: Path) -> int:
    groups, campaign = arguments.only or list(GROUPS), Campaign(arguments.seed)
    readers = readers_of(groups, folder, arguments.experiment or ["credit"])
    readers = [each for each in readers if each.name.startswith(arguments.reader or "")]
    if arguments.input:
        campaign.examine(readers[0], arguments.input.read_bytes())
    start, number = time.monotonic(), 0
    if arguments.minutes and readers[0].name == "record":
        for content in swollen(readers[0].bases[0]):
            campaign.attempt(readers[0], content, LARGEST_SECONDS)
    while not arguments.input:
        campaign.round(readers, arguments.examples, number)
        number += 1
        if time.monotonic() - start >= 60 * arguments.minutes:
            break
    _print_summary(campaign, time.monotonic() - start, number)
    return 1 if campaign.finds else 0


def _print_summary(campaign: Campaign, seconds: float, rounds: int) -> None:
    total = sum(map(sum, (counts.values() for counts in campaign.outcomes.values())))
    for name, counts in campaign.outcomes.items():
        told = ", ".join(f"{outcome} {times}" for outcome, times in counts.most_common())
        print(f"{name:<24} {sum(counts.values()):>7}: {told}")
    print(
        f"seed {campaign.seed}: {total} examples in {seconds / 60:.1f} minutes, {rounds} rounds;"
        f" at most {campaign.peak >> 20} MB beyond the start; {len(campaign.finds)} found"
    )
    for place, file in campaign.finds.items():
        print(f"  {place}: {file}")


if __name__ == "__main__":
    sys.exit(main())
