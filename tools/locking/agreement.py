"""Whether locks, wheel index and bill of materials say the same; nothing is asked of anybody."""

from __future__ import annotations

import hashlib
import json
from itertools import product
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from repro.app.init.index import PYTHON, SCHEMA, SYSTEMS, Wheel
from repro.core.pins import pins
from tools.locking.bill import noted, serial
from tools.locking.wheels import BILL, INDEX, INSTALLED, LOCKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from repro.core.pins import Pin


def disagreements(root: Path) -> list[str]:
    """Return where locks, wheel index and bill of materials do not say the same, as sentences."""
    texts = {name: (root / name).read_text() for name in LOCKS}
    locked = {name: pin for lock in INSTALLED for name, pin in pins(texts[lock]).items()}
    indexed, billed = (json.loads((root / name).read_text()) for name in (INDEX, BILL))
    wheels = {
        Wheel(*map(entry.get, Wheel._fields)): entry["systems"] for entry in indexed["wheels"]
    }
    return [
        *_against_head(indexed),
        *_not_of(texts, indexed["locks"], INDEX),
        *_not_of(texts, noted(billed), BILL),
        *_against_lock(wheels, locked),
        *_against_systems(wheels, locked),
        *_against_bill(set(wheels), billed),
    ]


def digests(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 of each lock, whatever its line endings are."""
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def _against_head(indexed: Mapping[str, Any]) -> Iterator[str]:
    for key, wanted in (("schema", SCHEMA), ("python", PYTHON)):
        if indexed[key] != wanted:
            yield f"{INDEX}: {key} is {indexed[key]}, not {wanted}"


def _not_of(texts: Mapping[str, str], named: Mapping[str, str], where: str) -> Iterator[str]:
    for name, digest in digests(texts).items():
        if named.get(name) != digest:
            yield f"{where} was made from another {name}"


def _against_lock(wheels: Iterable[Wheel], locked: Mapping[str, Pin]) -> Iterator[str]:
    for one in wheels:
        pin = locked.get(one.name)
        if pin is None:
            yield f"{INDEX} has {one.name}, which is not locked"
        elif pin.version != one.version:
            yield f"{INDEX} has {one.name} {one.version}, and the lock {pin.version}"
        elif one.sha256 not in pin.hashes:
            yield f"{INDEX}: the hash of {one.file} is not in the lock"
        name, version, *_ = one.file.split("-")
        if (canonicalize_name(name), version) != (one.name, one.version):
            yield f"{INDEX}: {one.file} is no file of {one.name} {one.version}"


def _against_systems(
    wheels: Mapping[Wheel, Iterable[str]], locked: Mapping[str, Pin]
) -> Iterator[str]:
    listed = [(one, system) for one, systems in wheels.items() for system in systems]
    for one, system in listed:
        if not _suits(one.file, system):
            yield f"{INDEX}: {one.file} is not for {system}"
    there = [(one.name, system) for one, system in listed]
    for name, system in product(locked, SYSTEMS):
        count = there.count((name, system))
        if count != 1:
            yield f"{INDEX} has {count} files of {name} for {system}, not one"


def _suits(file: str, system: str) -> bool:
    platform = file.removesuffix(".whl").rpartition("-")[2]
    kind = "macosx" if SYSTEMS[system].sys_platform == "darwin" else "manylinux"
    return platform == "any" or (kind in platform and SYSTEMS[system].platform_machine in platform)


def _against_bill(wheels: set[Wheel], billed: Mapping[str, Any]) -> Iterator[str]:
    listed = {
        Wheel(component["name"], component["version"], reference["url"], digest["content"])
        for component in billed["components"]
        for reference in component["externalReferences"]
        for digest in reference["hashes"]
    }
    for one in sorted(wheels ^ listed):
        where, other = (INDEX, BILL) if one in wheels else (BILL, INDEX)
        what = f"{one.file} of {one.name} {one.version} with sha256 {one.sha256}"
        yield f"{where} has {what}, and {other} has not"
    if billed["serialNumber"] != serial(billed):
        yield f"{BILL}: the serial number is not that of its content"
