"""Generators of random numbers that the reading of data may draw from, kept as they are."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEPTH = 6
_MANY = 64
# Their classes draw from no generator but those that they are given.
_LIBRARIES = sys.stdlib_module_names | {
    "numpy", "pandas", "polars", "pyarrow", "scipy", "sklearn", "torch", "datasets",
}  # fmt: skip


@contextmanager
def kept(*held: object) -> Iterator[None]:
    """Set global generators, and those that objects hold, back to their states at the end."""
    before = [(each, _raw_state(each)) for each in (*_global(), *_generators(held))]
    torch: Any = sys.modules.get("torch")
    cuda = torch.cuda.get_rng_state_all() if torch and torch.cuda.is_initialized() else None
    try:
        yield
    finally:
        for generator, state in before:
            _set_raw(generator, state)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)


def _global() -> Iterator[Any]:
    """Yield the global generators themselves, since calls of their modules count as seeding."""
    yield random._inst  # noqa: SLF001
    numpy: Any = sys.modules.get("numpy.random.mtrand")
    if numpy is not None:
        yield numpy._rand  # noqa: SLF001
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        yield torch.default_generator


def _generators(values: Iterable[Any], depth: int = _DEPTH, seen: set[int] | None = None) -> Any:
    """Yield the generators that objects hold, and those that the code of their classes names."""
    seen = set() if seen is None else seen
    for value in values:
        if id(value) in seen or isinstance(value, (str, bytes, int, float, ModuleType)):
            continue
        seen.add(id(value))
        if isinstance(value, random.Random) or _is_generator(value):
            yield value
        elif depth:
            yield from _generators(_held(value), depth - 1, seen)


def _held(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple, Mapping)):
        parts = value.values() if isinstance(value, Mapping) else value
        return list(parts) if len(value) <= _MANY else ()
    if isinstance(value, FunctionType):
        return _of_function(value)
    if isinstance(value, MethodType):
        return (value.__self__, value.__func__)
    if isinstance(value, partial):
        return (value.func, *value.args, *value.keywords.values())
    classes = value.__mro__ if isinstance(value, type) else type(value).__mro__
    found = [] if isinstance(value, type) else _attributes(value)
    for own in classes:
        if str(own.__module__).partition(".")[0] not in _LIBRARIES:
            found += [getattr(each, "__func__", each) for each in vars(own).values()]
    return found


def _attributes(value: Any) -> list[Any]:
    found = list(getattr(value, "__dict__", {}).values())
    for own in type(value).__mro__:
        names = own.__dict__.get("__slots__", ())
        names = (names,) if isinstance(names, str) else names
        slots = [own.__dict__.get(_mangled(own, name)) for name in names]
        # Of a slot that is not set there is nothing to keep.
        found += [each.__get__(value) for each in slots if each and _is_set(each, value)]
    return found


def _mangled(own: type, name: str) -> str:
    is_private = name.startswith("__") and not name.endswith("__")
    return f"_{own.__name__.lstrip('_')}{name}" if is_private else name


def _is_set(slot: Any, value: Any) -> bool:
    try:
        slot.__get__(value)
    except AttributeError:
        return False
    return True


def _of_function(function: FunctionType) -> list[Any]:
    """Return what a function has in its closure, its defaults and the globals that it names."""
    if str(function.__module__).partition(".")[0] in _LIBRARIES:
        return []
    found = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            continue
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [each for each in code.co_consts if hasattr(each, "co_names")]
        named = [function.__globals__[n] for n in code.co_names if n in function.__globals__]
        found += named
        for module in named:
            if isinstance(module, ModuleType):
                # A generator of a different module: ``helpers.rng``.
                found += [vars(module)[n] for n in code.co_names if n in vars(module)]
    return found


def _is_generator(value: object) -> bool:
    kind = type(value)
    names = ("Generator", "RandomState")
    return kind.__name__ in names and kind.__module__.startswith(("numpy", "torch"))


def _raw_state(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return generator.getstate()
    bits = getattr(generator, "bit_generator", None)
    return bits.state if bits is not None else generator.get_state()


def _set_raw(generator: Any, state: Any) -> None:
    if isinstance(generator, random.Random):
        generator.setstate(state)
    elif hasattr(generator, "bit_generator"):
        generator.bit_generator.state = state
    else:
        generator.set_state(state)
