"""A run as a model card: Markdown that begins with the metadata of model hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from repro.config.data import Task
from repro.report.templating import templates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.report.run import Facts

_TASKS = {Task.REGRESSION: "tabular-regression"}
_CLASSES = "tabular-classification"
# How many columns of a wide table are named.
_COLUMNS = 200


def card(facts: Facts, licence: str | None, packages: Sequence[tuple[str, str]]) -> str:
    """Write a run of an experiment as a model card.

    It has names of columns, and no value of any row: no label, no category, no prediction.

    Parameters
    ----------
    licence : str or None
        Of the model, by its identifier on the hub, such as ``mit``.
    packages : sequence of (str, str)
        Name and version of each package that the model needs.
    """
    metadata = yaml.safe_dump(
        _metadata(facts, licence), sort_keys=False, allow_unicode=True, width=1000
    )
    template = templates().get_template("card.md.j2")
    body = template.render(facts=facts, packages=packages, listed=_listed)
    return f"---\n{metadata}---\n\n{body}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _COLUMNS
    return ", ".join(names[:_COLUMNS]) + (f" and {more} more" if more > 0 else "") or "none"


def _metadata(facts: Facts, licence: str | None) -> dict[str, Any]:
    task = _TASKS.get(Task(facts.metrics.task), _CLASSES)
    experiment = str(facts.config["experiment"])
    tags = ["sklearn", task, "reproducibility", "repro"]
    return {
        **({"license": licence} if licence else {}),
        "library_name": "sklearn",
        "pipeline_tag": task,
        "tags": tags,
        "metrics": list(facts.metrics.test),
        "model-index": [{"name": experiment, "results": [_result(facts, task)]}],
    }


def _result(facts: Facts, task: str) -> dict[str, Any]:
    dataset = facts.config["dataset"]
    return {
        "task": {"type": task, "name": str(facts.metrics.task)},
        "dataset": {
            "type": str(dataset["name"]),
            "name": str(dataset["description"]) or str(dataset["name"]),
            "split": "held-out rows",
            "revision": facts.content,
        },
        "metrics": [
            {"type": name, "name": name, "value": estimate.value}
            for name, estimate in facts.metrics.test.items()
        ],
    }
