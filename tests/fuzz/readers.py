"""The readers, each as a function of the bytes that it reads."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from repro.app.compare import compare_all, read_entry
from repro.app.subjects.trust import with_own_data
from repro.config.common_keys import keys_from, planned, with_common_keys
from repro.config.recorded import parse_config
from repro.core.canonical import typed_json
from repro.core.environment import environment_key, key_version
from repro.core.errors import ReproError
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from repro.core.records import Keys
from repro.divergence.assess import assess, foreseen_obstacles
from repro.divergence.tolerance import ToleranceRequest
from repro.training.declarations import MEANING
from tests.forging import altered, well_forged
from tests.fuzz import damage, oracle
from tests.fuzz.trees import Text, changed
from tests.fuzz.world import FindError, World, ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repro.app.compare import Entry


@dataclass(frozen=True)
class Reader:
    """A kind of file.

    Attributes
    ----------
    bases : tuple of bytes
        Files that are well-formed.
    read : callable
        Takes the bytes and returns what became of them, in a word or two.
    trees : hypothesis strategy of bytes, or None
        Well-formed files that say something else.
    """

    name: str
    bases: tuple[bytes, ...]
    read: Callable[[bytes], str]
    trees: st.SearchStrategy[bytes] | None = None
    tokens: tuple[bytes, ...] = field(default=damage.JSON_TOKENS)


def turn(content: bytes, of: int) -> int:
    """Return a number that follows from the content: slow doors are tried with some of it alone."""
    return zlib.crc32(content) % of


def as_json(tree: object) -> bytes:
    """Write a tree as the text of a file, halves of characters and infinities too."""
    return json.dumps(tree).encode()


def json_trees(base: bytes) -> st.SearchStrategy[bytes]:
    """Return files whose value differs from that of a file."""
    return changed(Text(base.decode())).map(as_json)


# --- records ------------------------------------------------------------------------------------


def _forged(content: bytes, how: str) -> bytes:
    """Bind a changed record again, as whoever changes it would; as it is where it is no record."""
    if how == "no":
        return content
    try:
        record = load_record(content, "candidate.json", RunRecord, RecordFile)
        if how != "digest":
            record = well_forged(record)
        if how == "keys":
            keys = keys_from(parse_config(record.config, ""), record)
            keys = with_keys_of_environment(record, keys)
            record = altered(record, keys=keys)
        record = bound(record)
    except (ReproError, ValueError):
        return content
    if how == "digest":
        # The text stays as it is, 1 in place of 1.0 too.
        return as_json(json.loads(content) | {"digest": record.digest})
    return dump_record(record)


def with_keys_of_environment(record: RecordFile, keys: Keys) -> Keys:
    """Return the keys with that of the record's environment, in the version that they name."""
    version = key_version(keys.environment_key)
    key = environment_key(record.environment, version)
    return keys.model_copy(update={"environment_key": key})


def records(world: World, name: str, base: bytes) -> Reader:
    """Return the reader of records, which are held against the one that they were made of."""
    file, path = world.project / "candidate.json", world.project / f"{name}.json"
    path.write_bytes(base)
    original = read_entry(world.project, world.project, str(path))

    def read(content: bytes) -> str:
        file.write_bytes(content)
        _at_a_door(world, file, path, turn(content, 16))
        return _compared(world, file, content, base, original)

    how = st.sampled_from(("no", "digest", "digest", "stages", "keys"))
    return Reader(name, (base,), read, st.builds(_forged, json_trees(base), how))


def _at_a_door(world: World, file: Path, original: Path, door: int) -> None:
    """Give a record to a command, if it is the turn of one."""
    form = ("text", "json", "markdown", "junit")[door % 4]
    if door < 4:
        ask("compare", file, original, "--format", form)
    elif door == 4:
        ask("verify", "--integrity", file)
    elif door == 5:
        ask("config", "diff", file, original, "--project", world.project)
    elif door == 6:
        ask("compare", original, file, "--report", world.project / "page.html")


def _compared(world: World, file: Path, content: bytes, base: bytes, original: Entry) -> str:
    entry = read_entry(world.project, world.project, str(file))
    verdicts, shown = compared(original, entry)
    if not entry.damage:
        verdicts.append(_reexecuted(world, entry.record, original.record))
    if "identical" in verdicts:
        refuse(oracle.unseen(json.loads(base), json.loads(content), shown))
    return "tampered" if entry.damage else verdicts[0]


def compared(original: Entry, entry: Entry) -> tuple[list[str], set[str]]:
    """Compare two records both ways; return the verdicts, and what is shown beside them."""
    verdicts, shown = [], set()
    for left, right in ((original, entry), (entry, original)):
        if not left.damage:
            report = compare_all(None, left, [right], ToleranceRequest())
            report.model_dump_json(by_alias=True)
            (candidate,) = report.candidates
            verdicts.append(str(candidate.comparison.verdict))
            shown |= {f"config.{key}" for key in candidate.config}
    return verdicts, shown


def refuse(paths: list[str]) -> None:
    """Fail if anything differs between what is said to be identical."""
    if paths:
        raise FindError(f"identical, and these differ: {paths[:5]}")


def _reexecuted(world: World, record: RecordFile, original: RecordFile) -> str:
    """Judge as `verify` does, by the original in place of a training."""
    config = with_own_data(world.project, parse_config(record.config, "record"))
    own = planned(record, config)
    if foreseen_obstacles(world.settings, record, own, ToleranceRequest()):
        return "incomparable"
    if typed_json(_results(record.config)) != typed_json(_results(original.config)):
        # Training by it would give a different record.
        return "not trained"
    pair = with_common_keys(record, original)
    return str(assess(world.settings, *pair, ToleranceRequest(), MEANING).verdict)


def _results(config: dict[str, Any]) -> dict[str, Any]:
    elsewhere = {"execution", "verification", "stability", "security"}
    return {name: value for name, value in config.items() if name not in elsewhere}
