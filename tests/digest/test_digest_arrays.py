import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from repro.digest.arrays import digest_array

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(sizes=(64, 128)),
    hnp.datetime64_dtypes(),
    hnp.timedelta64_dtypes(),
    hnp.byte_string_dtypes(max_len=3),
    hnp.unicode_string_dtypes(max_len=3),
)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
ARRAYS = hnp.arrays(DTYPES, SHAPES)
ALIGNED = np.dtype({"names": ["a", "b"], "formats": ["u1", "<f8"]}, align=True)


def strided(array):
    """Hold the same values in every second cell of a larger array."""
    wide = np.zeros((*array.shape, 2), dtype=array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


HOLDERS = (
    lambda array: np.asfortranarray(array) if array.ndim else array.copy(),
    lambda array: array.astype(array.dtype.newbyteorder(">")),
    lambda array: array[..., ::-1].copy()[..., ::-1] if array.ndim else array.copy(),
    strided,
    read_only,
)


@given(array=ARRAYS, hold=st.sampled_from(HOLDERS))
def test_digest_unchanged_by_how_the_values_are_held(array, hold):
    """Memory order, byte order, strides and the right to write do not count."""
    assert digest_array(array) == digest_array(hold(array))


@given(data=st.data(), array=ARRAYS.filter(lambda array: array.size))
def test_digest_changes_with_any_value(data, array):
    """Another value in any one cell gives another digest."""
    cell = data.draw(st.integers(0, array.size - 1))
    value = data.draw(hnp.from_dtype(array.dtype))
    changed = array.copy()
    changed.reshape(-1)[cell] = value
    one, other = array.reshape(-1)[cell], changed.reshape(-1)[cell]
    same = one.tobytes() == other.tobytes() or (one.dtype.kind in "fc" and repr(one) == repr(other))

    assert same == (digest_array(array) == digest_array(changed))


@given(array=ARRAYS)
def test_digest_changes_with_shape(array):
    """The same values in another shape are another array."""
    assert digest_array(array) != digest_array(array[np.newaxis])


@given(one=DTYPES, other=DTYPES, shape=SHAPES)
def test_digest_changes_with_dtype(one, other, shape):
    """Zeros of two dtypes are two arrays, even where there are none."""
    same = one.newbyteorder("<") == other.newbyteorder("<")
    digests = [digest_array(np.zeros(shape, dtype=dtype)) for dtype in (one, other)]

    assert same == (digests[0] == digests[1])


@pytest.mark.parametrize(
    ("dtype", "bits"),
    [("<f2", 0xFE01), ("<f4", 0xFFC00001), ("<f8", 0xFFF8000000000001)],
)
def test_nan_is_one_value(dtype, bits):
    """x86 makes negative NaNs, ARM positive ones."""
    array = np.full(100_000, np.nan, dtype=dtype)
    other = array.copy()
    other.view(f"<u{array.itemsize}")[::3] = bits

    assert digest_array(array) == digest_array(other)


def test_complex_nan_is_one_value_in_each_part():
    """The sign of a NaN counts in neither part, and the parts are not confused."""
    plain = np.array([complex(np.nan, 1.0)])
    negative = np.array([complex(-np.nan, 1.0)])
    swapped = np.array([complex(1.0, np.nan)])

    assert digest_array(plain) == digest_array(negative)
    assert digest_array(plain) != digest_array(swapped)


def test_zero_has_a_sign():
    """0.0 and -0.0 are different bits, and may give different results."""
    assert digest_array(np.array([0.0])) != digest_array(np.array([-0.0]))


def test_hashing_leaves_the_array_alone():
    """A NaN is made canonical in a copy."""
    array = np.array([1.0, -np.nan])
    before = array.tobytes()
    digest_array(array)

    assert before == array.tobytes()


def test_digest_unchanged_by_memory_mapping(tmp_path):
    """An array on disk is the array in memory, across many buffers of the iterator."""
    array = np.arange(200_000, dtype="<f8").reshape(400, 500)
    mapped = np.memmap(tmp_path / "array", dtype="<f8", mode="w+", shape=array.shape)
    mapped[:] = array

    assert digest_array(array) == digest_array(mapped)
    assert digest_array(array.T) == digest_array(np.ascontiguousarray(mapped.T))


def test_padding_never_counts():
    """Uninitialised bytes between the fields of a record are not content."""
    clean = np.zeros(3, dtype=ALIGNED)
    dirty = np.frombuffer(b"\x00" + b"\xff" * 7 + b"\x00" * 8, dtype=ALIGNED).repeat(3)
    packed = clean.astype([("a", "u1"), ("b", "<f8")])

    assert digest_array(clean) == digest_array(dirty) == digest_array(packed)


@pytest.mark.parametrize(
    "other",
    [[("b", "<f8"), ("a", "u1")], [("a", "u1"), ("c", "<f8")], [("a", "i1"), ("b", "<f8")]],
)
def test_digest_changes_with_fields(other):
    """Names, order and dtypes of a record's fields count."""
    assert digest_array(np.zeros(3, dtype=ALIGNED)) != digest_array(np.zeros(3, dtype=other))


ELEMENTS = (
    *(None, True, False, 1, 0, 1.0, 0.0, -0.0, 1j, "1", "", b"1", b"", np.nan, "nan", "None"),
    *((), (1,), ("1",), (1, 2), ((1,), 2), (1, (2,)), np.array([1]), np.array([1.0])),
)


def boxed(*elements):
    return np.fromiter(elements, dtype=object, count=len(elements))


def test_object_elements_count_with_their_type():
    """No two of these are the same, although many compare or print alike."""
    digests = {digest_array(boxed(element)) for element in ELEMENTS}

    assert len(ELEMENTS) == len(digests)


@given(
    one=st.lists(st.text(max_size=2), max_size=3), other=st.lists(st.text(max_size=2), max_size=3)
)
def test_text_is_never_cut_in_two_ways(one, other):
    """Lists of strings share a digest exactly when they are equal."""
    assert (one == other) == (digest_array(boxed(*one)) == digest_array(boxed(*other)))


@pytest.mark.parametrize(
    "missing", [-np.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT", "s")]
)
def test_missing_objects_are_one_value(missing):
    """Which sentinel a library left in an object array does not count."""
    assert digest_array(boxed("a", np.nan)) == digest_array(boxed("a", missing))


@pytest.mark.parametrize(
    ("value", "scalar"),
    [
        (1, np.int8(1)),
        (True, np.True_),
        (0.5, np.float32(0.5)),
        ("a", np.str_("a")),
        (1j, np.complex64(1j)),
    ],
)
def test_numpy_scalars_in_objects_count_as_python_values(value, scalar):
    """Which of the two a library returns changes between its versions."""
    assert digest_array(boxed(value)) == digest_array(boxed(scalar))


@pytest.mark.parametrize("element", [object(), [1], {}, {1}, np.longdouble(1), pd.Timestamp(0)])
def test_unknown_elements_are_named(element):
    """What has no canonical form is refused, never hashed by its address."""
    with pytest.raises(TypeError, match=f"{type(element).__name__} has no digest"):
        digest_array(boxed(element))


@pytest.mark.parametrize(
    "array",
    [
        [1],
        np.float64(1),
        np.zeros(1, np.longdouble),
        np.zeros(1, np.clongdouble),
        np.ma.masked_array([1]),
    ],
)
def test_unknown_arrays_are_refused(array):
    """Platforms disagree on the bits of longdouble; a mask would be lost."""
    with pytest.raises(TypeError):
        digest_array(array)


GOLDEN = {
    "float": np.array([[1.5, np.nan], [-0.0, np.inf]]),
    "int": np.arange(3, dtype="i8"),
    "bool": np.array([True, False]),
    "datetime": np.array(["2024-02-29", "NaT"], dtype="M8[ns]"),
    "text": np.array(["é", ""]),
    "struct": np.ones(2, dtype=ALIGNED),
    "object": boxed(*ELEMENTS),
    "scalar": np.array(1.0),
    "empty": np.empty((0, 3), dtype="f4"),
}
PINNED = {
    "float": "array/v1:524acc4aac0900fb98f2e88d2805230719ebb85c1fff2da498d8c1df32e37e3c",
    "int": "array/v1:d253f868b8385e25bab75620d99aed4d65702eff99582872b209529e09b900ff",
    "bool": "array/v1:bfe1975acf72037591dc8e777f88f93ac0f69b9f719eee040013923f99d3833b",
    "datetime": "array/v1:fbabe949be24e1ae0e6a95077026fffef2c5de017a127acc43cab780c095d5de",
    "text": "array/v1:5f70e314407c64b2fc3b92f59bdd12555d337df21dbe5de9a90c9672d8dc81cf",
    "struct": "array/v1:73f543ad8832eba3b8edce20d4db5490b25d453f83d0a209ead9255b35429aef",
    "object": "array/v1:0c98a727c35fe4e524e6455c527bac36fc151fbeb974e367dbf024311a697e3a",
    "scalar": "array/v1:976a0703b205bffe57c76bdeb996a1dab7efc0e0d6f625dfdc1d54294b3131d9",
    "empty": "array/v1:67caec14187b3d2e35aa7caf22addaca34a26abab05188f25119b4d8a7d89a61",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_array_digests_are_pinned(name):
    """A change of the encoding is noticed."""
    assert PINNED[name] == digest_array(GOLDEN[name])
