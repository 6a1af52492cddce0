"""The record of any training: an experiment's, a command's, or a program's that traced itself.

``record.json`` in a run folder, and a reference, which is such a record in one file. Records of the
first version (``core.record_v1``) have the same properties, so that whoever compares takes both.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from repro.core.canonical import typed_digest
from repro.core.environment import Environment
from repro.core.evidence import Evidence, metrics_of, threshold_of
from repro.core.model import Later, Record
from repro.core.observed import Observed
from repro.core.record_v1 import RecordFile
from repro.core.records import STAGES_VERSION, Keys, Predictions, Sha256, Stages, Step
from repro.core.searched import search_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from repro.core.records import Metrics, Prediction, Threshold
    from repro.core.searched import SearchRecord

SEED = "seed"
_START = hashlib.sha256(b"repro.series/v1").digest()


class Series(Record):
    """A long series of floats in constant size, such as the loss of every step.

    Attributes
    ----------
    name : str
    length : int
    marks : dict of str to str
        At positions 1, 2, 4, 8 … and at the end: the SHA-256 chain over all values so far,
        each as eight bytes (big-endian IEEE 754). Two series agree up to their last equal mark.
    """

    name: str
    length: Annotated[int, Field(ge=0)]
    marks: dict[str, Sha256]

    @model_validator(mode="after")
    def _marks_of_length(self) -> Self:
        if self.marks.keys() != _positions(self.length):
            message = "series '{name}': its marks do not match its length"
            raise PydanticCustomError("marks_of_length", message, {"name": self.name})
        return self

    @staticmethod
    def of(name: str, values: Iterable[float]) -> Series:
        """Digest the values as they come; none of them is kept."""
        chain, length, marks = _START, 0, {}
        for value in values:
            chain, length = hashlib.sha256(chain + struct.pack(">d", value)).digest(), length + 1
            if length & (length - 1) == 0:
                marks[str(length)] = chain.hex()
        if length:
            marks[str(length)] = chain.hex()
        return Series(name=name, length=length, marks=marks)


def _positions(length: int) -> set[str]:
    powers = {str(1 << power) for power in range(length.bit_length())}
    return powers | {str(length)} if length else set()


class Identity(Record):
    """The identity that two records must share to be of one experiment.

    Attributes
    ----------
    replicate_key, strict_key : str
        Equal ones mean replicates, and one training.
    parts : dict of str to str
        Digest of each part that the keys are made of; "X differs" is a difference of two of them.
    """

    replicate_key: str
    strict_key: str
    parts: dict[str, str]

    @staticmethod
    def of_parts(parts: Mapping[str, str]) -> Identity:
        """Make the keys of a program that no configuration describes; only strict has the seed."""
        seedless = {name: digest for name, digest in parts.items() if name != SEED}
        return Identity(
            replicate_key=typed_digest("replicate-parts", seedless, version=1),
            strict_key=typed_digest("strict-parts", dict(parts), version=1),
            parts=dict(parts),
        )


class PipelineRecipe(Record):
    """An experiment: its configuration is all that is needed to train again."""

    kind: Literal["pipeline"]
    config: dict[str, JsonValue]


class CommandRecipe(Record):
    """A command line, with the folder it ran in and the variables it was given."""

    kind: Literal["command"]
    argv: tuple[str, ...]
    workdir: str
    environ: dict[str, str]
    level: str


class FunctionRecipe(Record):
    """A Python function, ``module:name``, that takes no arguments."""

    kind: Literal["function"]
    target: str


Recipe = Annotated[PipelineRecipe | CommandRecipe | FunctionRecipe, Field(discriminator="kind")]


class DataMaterial(Record):
    """Data that was read.

    Attributes
    ----------
    content : str
        Digest of all of it.
    unordered : str or None
        Digest of a table whatever the order of its rows.
    rows : int or None
        How many rows a table has.
    """

    name: str
    content: str
    unordered: str | None = Later
    rows: int | None = Later


class Materials(Record):
    """The materials of a training, beside its recipe; lock and image are in the environment.

    Attributes
    ----------
    data : tuple of DataMaterial
    code : dict of str to str
        SHA-256 of the files that were loaded and that neither the commit nor an installed package
        identifies.
    """

    data: tuple[DataMaterial, ...]
    code: dict[str, Sha256]


class RunRecord(Record):
    """Everything comparable about a run.

    Attributes
    ----------
    name : str
        Of the experiment, or of the program.
    identity : Identity
    steps : tuple of Step
        Each name once.
    series : tuple of Series
    evidence : Evidence
        In a run folder without predictions, which are in ``predictions.csv``.
    recipe : Recipe or None
        How it is executed again; None where that is not known.
    environment : Environment
    environment_key : str
        By the version that it names.
    materials : Materials
    digest : str
        Binds the rest of the record.
    observed : Observed or None
        Of a recorded command.
    """

    schema_: Literal["repro.record/v2"] = Field(alias="schema")
    name: str
    identity: Identity
    steps: tuple[Step, ...]
    series: tuple[Series, ...]
    evidence: Evidence
    recipe: Recipe | None
    environment: Environment
    environment_key: str
    materials: Materials
    digest: str
    observed: Observed | None = Later

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        for kind, named in (("step", self.steps), ("series", self.series)):
            seen: set[str] = set()
            for each in named:
                if each.name in seen:
                    message = "the {kind} '{name}' occurs twice: expected once"
                    context = {"kind": kind, "name": each.name}
                    raise PydanticCustomError("named_twice", message, context)
                seen.add(each.name)
        return self

    @property
    def is_pipeline(self) -> bool:
        """True if a configuration describes the program."""
        return isinstance(self.recipe, PipelineRecipe)

    @property
    def is_command(self) -> bool:
        """True if it is of a recorded command, or of a program that recorded itself."""
        return isinstance(self.recipe, CommandRecipe) or self.observed is not None

    @property
    def experiment(self) -> str:
        """The name."""
        return self.name

    @property
    def config(self) -> dict[str, JsonValue]:
        """The configuration; empty where none describes the program."""
        return self.recipe.config if isinstance(self.recipe, PipelineRecipe) else {}

    @property
    def stages(self) -> Stages:
        """The steps, as ``stages.json`` has them."""
        return Stages.model_construct(
            schema_="repro.stages/v1", version=STAGES_VERSION, stages=self.steps
        )

    @property
    def keys(self) -> Keys:
        """The keys, with that of the environment."""
        return Keys(
            replicate_key=self.identity.replicate_key,
            strict_key=self.identity.strict_key,
            environment_key=self.environment_key,
        )

    @property
    def parts(self) -> dict[str, str]:
        """The parts of the identity."""
        return self.identity.parts

    @property
    def content(self) -> str | None:
        """Digest of the data; over all of it where there is more than one; None without any."""
        data = self.materials.data
        if len(data) == 1:
            return data[0].content
        return typed_digest("data", [each.content for each in data], version=1) if data else None

    @property
    def unordered(self) -> str | None:
        """Digest of the one data set whatever the order of its rows, if it is known."""
        data = self.materials.data
        return data[0].unordered if len(data) == 1 else None

    @property
    def table_rows(self) -> int | None:
        """The number of rows of the one data set, if it is known."""
        data = self.materials.data
        return data[0].rows if len(data) == 1 else None

    @property
    def code(self) -> dict[str, str] | None:
        """SHA-256 of the loaded files that nothing else identifies; None without any."""
        return self.materials.code or None

    @property
    def predictions(self) -> Predictions | None:
        """The predictions, if the program makes any."""
        return self.evidence.predictions

    @property
    def metrics(self) -> Metrics:
        """The metrics of an experiment; raises ValueError for any other record."""
        return metrics_of(self.evidence)

    @property
    def threshold(self) -> Threshold:
        """The decision rule of an experiment; raises ValueError for any other record."""
        return threshold_of(self.evidence)

    @property
    def search(self) -> SearchRecord | None:
        """The trials of an experiment's search, if it has one."""
        return search_of(self.evidence.facts, self.evidence.numbers)

    @property
    def rows(self) -> tuple[Prediction, ...]:
        """The predictions, none where the program makes none."""
        return self.evidence.predictions.rows if self.evidence.predictions else ()

    def with_keys(self, keys: Keys) -> Self:
        """Return the record with other keys."""
        given = {"replicate_key": keys.replicate_key, "strict_key": keys.strict_key}
        identity = self.identity.model_copy(update=given)
        update = {"identity": identity, "environment_key": keys.environment_key}
        return self.model_copy(update=update)

    def with_stages(self, stages: Stages) -> Self:
        """Return the record with other steps."""
        return self.model_copy(update={"steps": stages.stages})

    def with_predictions(self, predictions: Predictions | None) -> Self:
        """Return the record with other predictions."""
        evidence = self.evidence.model_copy(update={"predictions": predictions})
        return self.model_copy(update={"evidence": evidence})

    def with_config(self, config: dict[str, JsonValue]) -> Self:
        """Return the record with a different configuration."""
        return self.model_copy(update={"recipe": PipelineRecipe(kind="pipeline", config=config)})


AnyRecord = RecordFile | RunRecord
