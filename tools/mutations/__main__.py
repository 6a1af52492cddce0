"""Run the benchmark of named causes, and write its table: ``python -m tools.mutations``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from tools.mutations.benchmark import judge_all, originals, rerun
from tools.mutations.programs import EXPERIMENTS, PROGRAMS
from tools.mutations.table import Result

_NAMES = [*(program.name for program in PROGRAMS), *EXPERIMENTS]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(_NAMES))
@click.option("--reruns", default=200, show_default=True, help="Unchanged programs to verify.")
@click.option("--seed", default=1, show_default=True, help="Decides the order of the mutants.")
@click.option("--workers", default=2, show_default=True, help="Mutants at a time.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("build/mutations"),
              show_default=True, help="Folder of mutations.json and mutations.md.")  # fmt: skip
def mutations(names: tuple[str, ...], reruns: int, seed: int, workers: int, output: Path) -> None:
    """Apply every mutation operator to NAMES, or to every program, and check what is named.

    The exit status is 1 if a mutant is not named, or an unchanged program does not reproduce.
    """

    def say(text: str) -> None:
        """Report progress on standard error."""
        click.echo(text, err=True)

    with tempfile.TemporaryDirectory() as folder:
        found = list(originals(Path(folder), names or _NAMES))
        judged = judge_all(found, seed, workers, say)
        verdicts = rerun(found, reruns, workers, say)
    missing = sorted(set(names or _NAMES) - {original.name for original in found})
    result = Result(seed, tuple(judged), verdicts, tuple(missing))
    output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result.to_json(), indent=1, ensure_ascii=False)
    (output / "mutations.json").write_text(text + "\n", encoding="utf-8")
    (output / "mutations.md").write_text(result.to_markdown(), encoding="utf-8")
    click.echo(result.to_markdown())
    raise SystemExit(0 if result.holds else 1)


if __name__ == "__main__":
    mutations()
