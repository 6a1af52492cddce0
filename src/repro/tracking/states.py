"""Exact states of random generators as plain values, and back."""

from __future__ import annotations

import base64
import random
import sys
from typing import TYPE_CHECKING, Any

from repro.core.canonical import typed_digest
from repro.core.errors import TrackingError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Bit generators of NumPy that may be made by name from a file.
_BITS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
_WORD_BYTES = 4
# Numbers that Philox draws at once.
_BUFFERED = 4


def states_now(*, python: bool, numpy: bool, torch: bool, cuda: bool) -> dict[str, Any]:
    """Return the state of each global generator whose library is loaded, as JSON has it."""
    found: dict[str, Any] = {}
    if python:
        found["python"] = _of_python(random.getstate())
    if numpy and "numpy.random" in sys.modules:
        found["numpy"] = _of_bits(sys.modules["numpy"].random.get_state(legacy=False))
    library: Any = sys.modules.get("torch")
    if torch and library is not None:
        found["torch"] = {"state": _text(bytes(library.get_rng_state().numpy()))}
    if cuda and library is not None and library.cuda.is_initialized():
        states = library.cuda.get_rng_state_all()
        found["cuda"] = {"states": [_text(bytes(each.numpy())) for each in states]}
    return found


def restore(states: Mapping[str, Any]) -> None:
    """Set global generators to states; all of them are read before the first is set.

    Raises
    ------
    TrackingError
        If one is no state of its generator, or its library is not installed.
    """
    unknown = sorted(states.keys() - _SETTERS.keys())
    if unknown:
        raise TrackingError(
            f"unknown generator {unknown[0]!r}", advice=f"expected {', '.join(_SETTERS)}"
        )
    setters = [_SETTERS[name](state) for name, state in states.items()]
    for set_state in setters:
        set_state()


def state_of_generator(generator: Any) -> dict[str, Any]:
    """Return the state of one generator as JSON has it.

    Parameters
    ----------
    generator : numpy.random.Generator, numpy.random.RandomState, random.Random or torch.Generator
    """
    if isinstance(generator, random.Random):
        return {"kind": "random.Random", **_of_python(generator.getstate())}
    if hasattr(generator, "bit_generator"):
        return {"kind": "numpy.Generator", **_of_bits(generator.bit_generator.state)}
    if hasattr(generator, "set_state") and type(generator).__module__.startswith("numpy"):
        return {"kind": "numpy.RandomState", **_of_bits(generator.get_state(legacy=False))}
    if hasattr(generator, "get_state"):
        state = _text(bytes(generator.get_state().numpy()))
        return {"kind": "torch.Generator", "device": str(generator.device), "state": state}
    raise TrackingError(
        f"{type(generator).__name__} is no random generator",
        advice="give generators of random, numpy.random or torch",
    )


def check_fits(generator: Any, state: Mapping[str, Any]) -> None:
    """Check that a state is of the same kind as a generator, which stays as it is.

    Raises
    ------
    TrackingError
        If it is not.
    """
    own = state_of_generator(generator)
    for name in ("kind", "bit_generator", "device"):
        if own.get(name) != state.get(name):
            raise TrackingError(
                f"the state is of {state.get(name)!r}, and the generator of {own.get(name)!r}",
                advice="give a generator of the same kind as the saved one",
            )


def generator_of(state: Mapping[str, Any], into: Any = None) -> Any:
    """Return a generator in a state: the given one, or else a new one.

    Raises
    ------
    TrackingError
        If it is no state of that generator.
    """
    try:
        return _MADE[str(state.get("kind"))](state, into)
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise TrackingError(
            f"not the state of a generator: {type(error).__name__}: {error}",
            advice="use a file that save_seed_state wrote",
        ) from error


def digest_of_states(states: Mapping[str, Any]) -> str:
    """Return the digest of states, ``generators/v1:<hex>``."""
    return typed_digest("generators", dict(states), version=1)


def _of_python(state: Any) -> dict[str, Any]:
    version, words, gauss = state
    content = b"".join(word.to_bytes(_WORD_BYTES, "little") for word in words)
    return {
        "version": version,
        "state": _text(content),
        "gauss": None if gauss is None else float(gauss).hex(),
    }


def _to_python(state: Mapping[str, Any]) -> tuple[Any, ...]:
    content, gauss = _bytes(state["state"]), state["gauss"]
    words = tuple(
        int.from_bytes(content[place : place + _WORD_BYTES], "little")
        for place in range(0, len(content), _WORD_BYTES)
    )
    return state["version"], words, None if gauss is None else float.fromhex(gauss)


def _of_bits(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _encoded(value) for name, value in state.items()}


def _encoded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _encoded(each) for name, each in value.items()}
    if hasattr(value, "tobytes") and hasattr(value, "dtype") and getattr(value, "ndim", False):
        little = value.dtype.newbyteorder("<")
        return {"dtype": little.str, "array": _text(value.astype(little).tobytes())}
    if isinstance(value, str):
        return value
    # Integers of 128 bits, which JSON does not keep; the exact bits of a float.
    return {"hex": float(value).hex()} if isinstance(value, float) else {"int": str(int(value))}


def _decoded(value: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - only a file with states of NumPy needs it

    if not isinstance(value, dict):
        return value
    if value.keys() == {"dtype", "array"}:
        return np.frombuffer(_bytes(value["array"]), dtype=value["dtype"]).copy()
    if value.keys() == {"hex"}:
        return float.fromhex(value["hex"])
    if value.keys() == {"int"}:
        return int(value["int"])
    return {name: _decoded(each) for name, each in value.items()}


def _bits_of(state: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _decoded(each) for name, each in state.items() if name not in ("kind", "seed")}
    # NumPy reads beyond its memory if a position is too large, and checks none.
    words = found["state"].get("key", ()) if found["bit_generator"] == "MT19937" else ()
    places = (found["state"].get("pos", 0), len(words)), (found.get("buffer_pos", 0), _BUFFERED)
    for place, most in places:
        if not 0 <= place <= most:
            raise ValueError(f"position {place}: expected 0 to {most}")
    return found


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _tensor(text: str) -> Any:
    torch: Any = _needed("torch")
    return torch.frombuffer(bytearray(_bytes(text)), dtype=torch.uint8).clone()


def _needed(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise TrackingError(
            f"the states are of {name}, which is not installed", advice=f"pip install {name}"
        ) from error


def _checked(function: Any) -> Any:
    """Turn what a malformed state raises into an error that says so."""

    def prepare(state: Mapping[str, Any]) -> Any:
        """Return a function that sets the state."""
        try:
            return function(state)
        except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
            raise TrackingError(
                f"not the state of a generator: {type(error).__name__}: {error}",
                advice="use a file that save_seed_state wrote",
            ) from error

    return prepare


@_checked
def _set_python(state: Mapping[str, Any]) -> Any:
    found = _to_python(state)
    random.Random().setstate(found)  # noqa: S311 - it proves that the state can be set
    return lambda: random.setstate(found)


@_checked
def _set_numpy(state: Mapping[str, Any]) -> Any:
    numpy: Any = _needed("numpy")
    found = _bits_of(state)
    numpy.random.RandomState().set_state(found)
    return lambda: numpy.random.set_state(found)


@_checked
def _set_torch(state: Mapping[str, Any]) -> Any:
    torch, found = _needed("torch"), _tensor(state["state"])
    torch.Generator().set_state(found)
    return lambda: torch.set_rng_state(found)


@_checked
def _set_cuda(state: Mapping[str, Any]) -> Any:
    torch, found = _needed("torch"), [_tensor(each) for each in state["states"]]
    if torch.cuda.device_count() < len(found):
        raise TrackingError(
            f"the states are of {len(found)} CUDA devices, found {torch.cuda.device_count()}"
        )
    return lambda: torch.cuda.set_rng_state_all(found)


_SETTERS = {"python": _set_python, "numpy": _set_numpy, "torch": _set_torch, "cuda": _set_cuda}


def _make_python(state: Mapping[str, Any], into: Any) -> Any:
    made = into or random.Random()  # noqa: S311 - no secret is drawn
    made.setstate(_to_python(state))
    return made


def _make_generator(state: Mapping[str, Any], into: Any) -> Any:
    numpy: Any = _needed("numpy")
    found = _bits_of(state)
    if into is None:
        if found["bit_generator"] not in _BITS:
            raise ValueError(f"unknown bit generator {found['bit_generator']}")
        into = numpy.random.Generator(getattr(numpy.random, found["bit_generator"])())
    into.bit_generator.state = found
    return into


def _make_state(state: Mapping[str, Any], into: Any) -> Any:
    numpy: Any = _needed("numpy")
    made = into or numpy.random.RandomState()
    made.set_state(_bits_of(state))
    return made


def _make_torch(state: Mapping[str, Any], into: Any) -> Any:
    made = into or _needed("torch").Generator(device=state["device"])
    made.set_state(_tensor(state["state"]))
    return made


_MADE: dict[str, Any] = {
    "random.Random": _make_python,
    "numpy.Generator": _make_generator,
    "numpy.RandomState": _make_state,
    "torch.Generator": _make_torch,
}
