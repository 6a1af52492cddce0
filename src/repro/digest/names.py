"""Names that mean the same on every machine: of classes, functions and time zones."""

from __future__ import annotations

from datetime import timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Of pytz and dateutil: zones that have one offset for all times.
_FIXED: Final = frozenset({"pytz._FixedOffset", "dateutil.tzoffset", "dateutil.tzutc"})
# Where a package's zones keep the key of the time zone database, or the file that has it.
_KEYS: Final = {"zoneinfo": "key", "pytz": "zone", "dateutil": "_filename"}


def qualified_name(named: Any) -> str:
    """Name a class or a function by its top-level package and its name in it.

    Raises
    ------
    TypeError
        If it is a lambda or was made inside a function: then its name does not say what it does.
    """
    name = getattr(named, "__qualname__", named.__name__)
    if "<" in name:
        raise TypeError(f"{name} has no name of its own: define it in a module.")
    return f"{_package(named)}.{name}"


def zone_name(zone: tzinfo) -> str:
    """Name a time zone as the time zone database does, or by its offset, such as ``UTC+01:00``.

    Raises
    ------
    TypeError
        If it has no such name, such as the zone of this machine.
    """
    package = _package(type(zone))
    key = getattr(zone, _KEYS[package], None) if package in _KEYS else None
    if package == "dateutil":
        key = _key_of_file(key)
    if key:
        return str(key)
    fixed = isinstance(zone, timezone) or f"{package}.{type(zone).__qualname__}" in _FIXED
    offset = zone.utcoffset(None) if fixed else None
    if offset is not None:
        return str(timezone(offset))
    raise TypeError(
        f"the time zone {zone!r} has no name that other machines know: convert to a named one,"
        " such as tz_convert('Europe/Berlin')."
    )


def _key_of_file(path: object) -> str | None:
    """Return the key of a file of the time zone database; None for any other object."""
    key = str(path or "").replace("\\", "/").rpartition("zoneinfo/")[2]
    try:
        return ZoneInfo(key).key
    # An absolute path, or one that climbs, is a ValueError.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _package(named: Any) -> str:
    module = getattr(named, "__module__", None) or type(named).__module__
    return str(module).partition(".")[0]
