"""Tolerances of a project, and measured spreads, checked where they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.project import names_in
from repro.core.errors import ConfigError, PreconditionError, SchemaError
from repro.core.jsonfile import binding, load_record
from repro.core.noise import Noise
from repro.core.suggest import did_you_mean
from repro.divergence.tolerance import Tolerance, ToleranceRequest
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.verification import VerificationSettings

__all__ = ["ToleranceRequest", "check_families", "read_noise", "requested"]

_MEASURE = "measure it: repro noise RECORD -o noise.json"


def check_families(project: Path, settings: VerificationSettings) -> None:
    """Refuse a tolerance for a family that the project does not have.

    Raises
    ------
    ConfigError
    """
    known = names_in(project, "models")
    architectures = settings.auto.architectures if settings.auto else {}
    sections: dict[str, Mapping[str, float]] = {
        "tolerance.families": settings.tolerance.families or {},
        "auto.architectures": {name: v for name, v in architectures.items() if name != "default"},
    }
    for section, families in sections.items():
        for name in families:
            if name not in known:
                raise ConfigError(
                    f"configs/base.yaml: verification.{section}: unknown family '{name}'",
                    advice=did_you_mean(name, known),
                )


def requested(
    tolerance: float | None = None, *, auto: bool = False, noise_file: Path | None = None
) -> ToleranceRequest:
    """Return a request for a tolerance; without any argument, for the configured one.

    Parameters
    ----------
    tolerance : float, optional
        Absolute and relative.
    auto : bool
        Whether it follows from the environments, and from a measured spread.

    Raises
    ------
    ConfigError
        If the tolerance is invalid.
    PreconditionError, SchemaError
        If the noise cannot be read.
    """
    if auto:
        return ToleranceRequest(auto=True, noise=read_noise(noise_file) if noise_file else None)
    return ToleranceRequest() if tolerance is None else ToleranceRequest(Tolerance.both(tolerance))


def read_noise(path: Path) -> Noise:
    """Read what ``repro noise`` wrote.

    Raises
    ------
    PreconditionError, SchemaError
        If it cannot be read, or was edited.
    """
    try:
        noise = load_record(read_limited(path, path.name), path.name, Noise)
    except OSError as error:
        raise PreconditionError(
            f"{path}: cannot be read: {error.strerror}", advice=_MEASURE
        ) from error
    except SchemaError as error:
        raise SchemaError(error.message, advice=_MEASURE) from error
    if binding(noise) != noise.digest:
        raise PreconditionError(f"{path}: edited since it was measured", advice=_MEASURE)
    return noise
