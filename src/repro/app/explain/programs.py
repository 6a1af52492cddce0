"""The programs that are trained with some differences removed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from repro.app.explain.debian import train_in, why_no_tree
from repro.config.experiment import ExperimentConfig
from repro.core.errors import ConfigError
from repro.execution.places import Child, Silent, recipe_of
from repro.launch import Level, lacking, pinned

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.app.explain.debian import Release
    from repro.app.explain.interventions import Intervention
    from repro.app.explain.packages import Throwaway
    from repro.core.record import RunRecord

# What pydantic puts before the sentence of a rule over several keys.
_RULE = "Value error, "


class Program(Protocol):
    """A program that can be trained on this machine with some differences removed."""

    def conflict(self, intervention: Intervention) -> str:
        """Return why these changes do not go together; empty if they do."""

    def train(self, intervention: Intervention, throwaway: Throwaway | None) -> RunRecord:
        """Train with these changes.

        Parameters
        ----------
        throwaway : Throwaway, optional
            Has the packages that the intervention names.

        Raises
        ------
        ReproError
            If the training does not finish.
        """

    def no_packages(self) -> str:
        """Return why other versions of packages cannot be tried; empty if they can."""

    def no_tree(self, release: Release, *, fetch: bool) -> str:
        """Return why no tree of a release can be used; empty if one can.

        Parameters
        ----------
        fetch : bool
            Whether a tree may be made, which fetches packages.
        """


@dataclass(frozen=True)
class Experiment:
    """An experiment of a project, by its configuration."""

    project: Path
    config: ExperimentConfig

    def conflict(self, intervention: Intervention) -> str:
        """Return why the configuration cannot have these sections; empty if it can."""
        try:
            self._configured(intervention)
        except ConfigError as error:
            return error.message
        return ""

    def train(self, intervention: Intervention, throwaway: Throwaway | None) -> RunRecord:
        """Train in a process, or in the tree of a release.

        Raises
        ------
        ReproError
            If the training does not finish.
        """
        config = self._configured(intervention)
        if intervention.release:
            # The tree has no other variables.
            variables = self._environ(intervention, {}, throwaway)
            return train_in(self.project, intervention.release, config, variables)
        place = Child(self._environ(intervention, os.environ, throwaway))
        return place.execute(self.project, recipe_of(config), Silent()).record

    def no_packages(self) -> str:
        """Return nothing: packages are fetched for the Python that trains."""
        return ""

    def no_tree(self, release: Release, *, fetch: bool) -> str:
        """Return why no tree of a release can be used; empty if one can."""
        return why_no_tree(self.project, release, self.config, fetch=fetch)

    def _configured(self, intervention: Intervention) -> ExperimentConfig:
        given = self.config.model_dump(mode="json", by_alias=True) | intervention.sections
        try:
            return ExperimentConfig.model_validate_json(json.dumps(given))
        except ValidationError as error:
            problems = [
                f"{'.'.join(map(str, detail['loc']))} {detail['msg'].removeprefix(_RULE)}"
                for detail in error.errors(include_url=False)
            ]
            sentence = " ".join(f"cannot be configured: {'; '.join(problems)}".split())
            raise ConfigError(sentence) from error

    def _environ(
        self, intervention: Intervention, inherited: Mapping[str, str], throwaway: Throwaway | None
    ) -> dict[str, str]:
        recorded = Level(self.config.determinism.level)
        environ = pinned(Level.STRICT if lacking(recorded) else recorded, inherited)
        for name, value in intervention.settings.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
        if throwaway and intervention.packages:
            environ["PYTHONPATH"] = throwaway.path(intervention.packages, environ)
        return environ
