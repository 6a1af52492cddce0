"""What has one digest, and what may not: classes of one name, odd bytes, time zones."""

import datetime as dt
import zoneinfo
from collections import OrderedDict, defaultdict, namedtuple
from enum import Enum
from importlib.resources import files

import dateutil.tz
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator

from repro.digest.arrays import digest_array
from repro.digest.estimators import digest_estimator
from repro.digest.frames import digest_frame, digest_rows

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
HOUR = dt.timedelta(hours=1)
NUMBERS = np.arange(3.0)


class Holder(BaseEstimator):
    """Holds a value as a fitted estimator does."""


def held(value):
    holder = Holder()
    holder.value_ = value
    return digest_estimator(holder)


def classes_of_one_name(name, *makers):
    """Make classes that cannot be told apart by name and module."""
    made = [make() for make in makers]
    for each in made:
        each.__module__, each.__qualname__, each.__name__ = __name__, name, name
    return made


def tuples(*fields):
    return classes_of_one_name("Pair", *(lambda f=f: namedtuple("Pair", f) for f in fields))


def colours(**values):
    return [Enum("Colour", {"RED": value}, module=__name__).RED for value in values.values()]


class Own(np.ndarray):
    """An array whose operations could be any."""


class Other(np.ndarray):
    pass


def noted(note):
    array = NUMBERS.view(Own)
    array.note = note
    return array


class OwnList(list):
    pass


class OwnFrame(pd.DataFrame):
    pass


class OwnMatrix(sparse.csr_matrix):
    pass


def listed(note):
    made = OwnList([1, 2])
    made.note = note
    return made


FIRST, SECOND, THIRD = tuples("x y", "u v", "y x")
DIFFERENT = {
    "named tuples of one name": [FIRST(1, 2), SECOND(1, 2), THIRD(1, 2), (1, 2)],
    "named tuples by their fields": [FIRST(1, 2), FIRST(2, 1)],
    "members of one name": colours(first=1, second=2),
    "subclasses of an array": [NUMBERS, NUMBERS.view(Own), NUMBERS.view(Other)],
    "attributes of an array": [NUMBERS.view(Own), noted("a"), noted("b")],
    "a matrix": [np.eye(2), np.asmatrix(np.eye(2))],
    "a record array": [
        np.zeros(2, dtype=[("a", "f8")]),
        np.zeros(2, dtype=[("a", "f8")]).view(np.recarray),
    ],
    "arrays of objects": [
        np.array([1, "a"], dtype=object),
        np.array([1, "a"], dtype=object).view(Own),
    ],
    "attributes of a list": [OwnList([1, 2]), listed("a"), listed("b"), [1, 2]],
    "default factories": [defaultdict(list), defaultdict(int), {}, OrderedDict()],
    "subclasses of a frame": [pd.DataFrame({"a": [1]}), OwnFrame({"a": [1]})],
    "subclasses of a sparse matrix": [sparse.csr_matrix(np.eye(2)), OwnMatrix(np.eye(2))],
}


@pytest.mark.parametrize("values", DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_in_more_than_its_name_has_a_digest_of_its_own(values):
    """In an estimator, and within a list, where nothing but the value says what it is."""
    assert len({held(value) for value in values}) == len(values)
    assert len({held([value]) for value in values}) == len(values)


def test_a_mapped_file_is_a_plain_array(tmp_path):
    """As workers get it: neither its class nor its path counts."""
    mapped = np.memmap(tmp_path / "numbers", dtype="f8", mode="w+", shape=3)
    mapped[:] = NUMBERS

    assert digest_array(mapped) == digest_array(NUMBERS)
    assert held(mapped) == held(NUMBERS)
    assert digest_array(NUMBERS.view(Own)) != digest_array(NUMBERS)


@pytest.mark.parametrize("byte", [1, 2, 3, 128, 255])
def test_every_true_byte_is_true(byte):
    """NumPy calls them equal, and so do its operations."""
    odd = np.frombuffer(bytes([byte, 0, byte]), dtype=bool)
    usual = np.array([True, False, True])
    assert np.array_equal(odd, usual)

    assert digest_array(odd) == digest_array(usual) != digest_array(~usual)
    assert digest_array(odd.reshape(3, 1)[::-1]) == digest_array(usual.reshape(3, 1)[::-1])
    pairs = [np.rec.fromarrays([each], names="a").view(np.ndarray) for each in (odd, usual)]
    assert digest_array(pairs[0]) == digest_array(pairs[1])
    frames = [pd.DataFrame({"a": each}) for each in (odd, usual)]
    assert digest_frame(frames[0]) == digest_frame(frames[1])
    assert digest_rows(frames[0]) == digest_rows(frames[1])
    masked = [pd.DataFrame({"a": pd.array(each, dtype="boolean")}) for each in (odd, usual)]
    assert digest_frame(masked[0]) == digest_frame(masked[1])
    assert held(odd) == held(usual)


def zoned(zone):
    return digest_frame(pd.DataFrame({"at": pd.to_datetime(["2024-07-01"]).tz_localize(zone)}))


def test_a_zone_is_the_same_whoever_provides_it():
    """By its key, and never by the path that it was read from."""
    file = dateutil.tz.tzfile("/usr/share/zoneinfo/Europe/Berlin")

    assert zoned(dateutil.tz.gettz("Europe/Berlin")) == zoned(file) == zoned(BERLIN)
    assert zoned(BERLIN) == zoned("Europe/Berlin")
    assert held(pd.Timestamp("2024-07-01", tz=file)) == held(
        pd.Timestamp("2024-07-01", tz=dateutil.tz.gettz("Europe/Berlin"))
    )


@pytest.mark.parametrize(
    "zone",
    [dt.timezone(HOUR, "CET"), dateutil.tz.tzoffset("X", 3600), dateutil.tz.tzoffset(None, 3600)],
)
def test_an_offset_is_the_same_whatever_it_is_called(zone):
    """Two of one offset are equal in Python; a zone of the database by that name is not."""
    assert zoned(zone) == zoned(dt.timezone(HOUR)) != zoned(zoneinfo.ZoneInfo("CET"))


def test_utc_is_one_zone():
    """Of Python, of dateutil, and of the database."""
    zones = (dt.UTC, dateutil.tz.tzutc(), dateutil.tz.UTC, zoneinfo.ZoneInfo("UTC"), "UTC")
    assert len({zoned(zone) for zone in zones}) == 1


class Elsewhere(dt.tzinfo):
    """A zone of somebody's own."""

    def utcoffset(self, _):
        return HOUR

    def dst(self, _):
        return dt.timedelta(0)


@pytest.mark.parametrize(
    "zone",
    [
        dateutil.tz.tzlocal(),
        dateutil.tz.tzrange("EST", -18000),
        Elsewhere(),
    ],
)
def test_a_zone_without_a_name_is_refused(zone):
    """Its text has an address of memory, or means another thing on another machine."""
    with pytest.raises(TypeError, match=r"no name that other machines know: .*tz_convert"):
        zoned(zone)


def test_the_zone_of_a_file_without_a_key_is_refused(tmp_path):
    """A copy of a file elsewhere says nothing of its name."""
    path = tmp_path / "zone"
    path.write_bytes((files("tzdata.zoneinfo.Europe") / "Berlin").read_bytes())

    with pytest.raises(TypeError, match="no name that other machines know"):
        zoned(dateutil.tz.tzfile(str(path)))
    with path.open("rb") as file, pytest.raises(TypeError, match="no name that other machines"):
        zoned(zoneinfo.ZoneInfo.from_file(file))
