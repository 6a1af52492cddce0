"""Commands that fail, or find something: one for each way in which people go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.wording.driving import Case, Edit, Forged

if TYPE_CHECKING:
    from collections.abc import Iterator

CREDIT = "configs/experiments/credit.yaml"
BASE = "configs/base.yaml"
DATASETS = "configs/datasets.yaml"
DATA = "data/credit.csv"
REFERENCE = "reference/credit.json"
MATRIX = "matrix.yaml"


def _metric(name: str, function: str) -> str:
    declared = f"{{name: {name}, function: {function}, needs: labels, greater_is_better: true}}"
    return f"metrics: [{declared}]\nselection:"


_EXPERIMENT = (
    ("selection:", "selektion:"),
    ("knn,", "kn,"),
    ("knn,", "knn, knn,"),
    ("selection:", 'seed: "42"\nselection:'),
    ("selection:", "seed: 1\nseed: 2\nselection:"),
    ("selection:", "seed: [1\nselection:"),
    ("selection:", "seed: &a 1\nsplit: {limit: *a}\nselection:"),
    ("selection:", "seed: !!python/name:os 1\nselection:"),
    ("precision: 0.7", "precision: .nan"),
    ("precision: 0.7", "precision: 1.5"),
    ("task: binary", "task: regression"),
    ("task: binary", "task: multiclass"),
    ("task: binary", ""),
    ("metric: roc_auc", "metric: roc_auk"),
    ("metric: roc_auc", "metric: rmse"),
    ("dataset: credit", "dataset: credits"),
    ("dataset: credit", "dataset: {path: x}"),
    ("repro.experiment/v1", "repro.experiment/v2"),
    ("schema: repro.experiment/v1", ""),
    ("schema: repro.experiment/v1", "- a\n- b\n"),
    ("selection:", "variants: {knn: nearer}\nselection:"),
    ("selection:", "variants: {svm: x}\nselection:"),
    ("families: [", "families: x\nfamily: ["),
    ("selection:", "models: {kn: {params: {}}}\nselection:"),
    ("selection:", "preprocessing: {numeric: {fill: 0.0}}\nselection:"),
    ("selection:", _metric("f", "os:getcwd")),
    ("selection:", _metric("f", "sklearn.metrics:nothing")),
    ("selection:", _metric("accuracy", "sklearn.metrics:f1_score")),
    ("kind: ratio", "kind: ratios"),
)
_ARGUMENTS = (
    "credti",
    "--profile debgu",
    "-m random_forrest",
    "--variant knn=nearer",
    "--variant knn",
    "--test-size 1.5",
    "--seed x",
    "--seed -1",
    "--workers 0",
    "--level loose",
    "-s split.test_size",
    "-s split=1",
    "-s split.test_siz=0.2",
    "-s models.kn.params.C=1",
    "-s models.knn.params.n_neighbours=3",
    "-s models.knn.params.n_neighbors=-3",
    "-s models.knn.params.n_jobs=3",
    "-s models.svm.params.C=3",
    "-s models.knn.estimators.regression.class=sklearn.svm:SVR",
    "-s models.knn.estimators.classification=os:getcwd",
    "-s models.knn.estimators.classification=sklearn.nothing:SVC",
    "-s models.knn.estimators.classification=sklearn.svm:Nothing",
    "-s models.knn.estimators.classification=sklearn.svm:SVR",
    "-s models.knn.estimators.classification=sklearn.cluster:KMeans",
    "-s models.knn.estimators.classification=sklearn.svm",
    "-s dataset.path=x",
    "-s verification.tolerance.absolute=-1",
    "-s split.limit=9",
    "-s split.test_size=0.0001",
    "-s selection.folds=4000",
    "-s features.drop=[nothing]",
    "-s features.derived.0.numerator=Prize",
    "-s decision.rule=fixd",
    "-s execution.runs=",
    "-f nowhere.yaml",
    "--n-estimators 5 -m knn",
    "--runs configs/base.yaml",
    "--nonsense",
    "one two",
)
_COLUMNS = (
    ("column: Assets", "column: Asets", CREDIT),
    ("Job]", "Job, Wage]", DATASETS),
    ("target: Status", "target: State", DATASETS),
    ("positive: bad", "positive: worse", DATASETS),
    ("ignored: []", "ignored: [Job]", DATASETS),
    ("path: data/credit.csv", "path: data/credits.csv", DATASETS),
    ("path: data/credit.csv", "path: ../credit.csv", DATASETS),
    ("sha256: 6", "sha256: 7", DATASETS),
    ("sha256: 6", "sha256: x6", DATASETS),
    ("kind: file", "kind: fiel", DATASETS),
    ("good,9", "good,8", DATA),
)
_TABLES = (
    b"",
    b"\nStatus\ngood\n",
    b"Status,Time\n",
    b"Status;Time\ngood;1\n",
    b"Status,Time\ngood,1,2\n",
    b"Status,Time\ngood\n",
    b'Status,Time\n"good\n',
    b"Status,Time\ngo\xe9d,1\n",
    b"Status,Time\ngo\x00d,1\n",
    b"Time,Time\n1,2\n",
    b"Status,Time\ngood,1\n",
)
_ELSEWHERE = (
    # The runs and records that commands name.
    "runs show 19990101",
    "runs show RUN/none",
    "runs prune --keep -1",
    "runs show --runs nowhere",
    "runs lists",
    "verify nothing.json",
    "verify configs/base.yaml",
    "verify RUN --tolerance nought",
    "verify RUN --tolerance -1",
    "verify RUN --tolerance 1",
    "verify RUN --tolerance nan",
    "verify RUN --tolerance auto --noise nothing.json",
    "verify RUN --tolerance auto --noise reference/credit.json",
    "verify RUN --noise reference/credit.json",
    "verify RUN -o configs/base.yaml",
    "verify RUN -o runs",
    "compare RUN",
    "compare reference/credit.json RUN",
    "compare reference/credit.json RUN --json --format markdown",
    "compare reference/credit.json RUN -o a.txt --report a.txt",
    "compare reference/credit.json nothing.json",
    "explain nothing",
    "explain RUN --max-runs 0",
    "noise RUN -o runs/RUN/noise.json",
    "reference nothing -o new.json",
    "reference RUN -o configs/base.yaml",
    "report RUN -o runs/RUN/page.html",
    "predict RUN nothing.csv",
    "predict RUN configs/base.yaml",
    "predict nothing data/credit.csv",
    "predict RUN data/credit.csv -o data/credit.csv",
    "drift RUN nothing.csv",
    "drift RUN matrix.yaml",
    "config show credits",
    "config check credits",
    "config diff credit nothing.json",
    "config schema records",
    "data verify credits",
    "data hash nothing.csv",
    "data hash configs",
    "data add New data/credit.csv --target Status --licence MIT --origin us",
    "data add credit data/credit.csv --target Status --licence MIT --origin us",
    "data add fresh data/credit.csv --target State --licence MIT --origin us",
    "data add fresh nothing.csv --target x --licence MIT --origin us",
    "data add fresh configs/base.yaml --target x --licence MIT --origin us",
    "data add fresh data/credit.csv --target Home --positive Status --licence MIT --origin us",
    "env fingerprint --expect nothing.json",
    "env fingerprint --expect configs/base.yaml",
    "env fingerprint --expect 0123",
    "env fingerprint --expect 0123456789abcdef",
    "exec",
    "exec --",
    "exec -- nothing-like-it",
    "exec -- configs",
    "exec -- configs/base.yaml",
    "exec --print-env shell -- python",
    "image build",
    "image build --output docker:x",
    "image build --base python:3.13",
    "image check --builder docker --clock 2028-02-29",
    "image wheelhouse",
    "matrix --cell nothing",
    "matrix --matrix nothing.yaml",
    "matrix --records configs -- credit",
    "matrix --records data",
    "trian",
    "--nonsense",
)
_MATRIX = (
    ("stand_in: interpreter", "stand_in: chroot"),
    ("stand_in: interpreter", "suite: trixie"),
    ("stand_in: interpreter", "stand_in: emulation"),
    ("stand_in: interpreter", "packages: [python3]"),
    ("stand_in: interpreter", "stand-in: interpreter"),
    ('python: "3.13"', "python: 3.13"),
    ("runner: ubuntu-24.04", "runner: amiga"),
)
_RUN_FILES = (
    ("metrics.json", None, "{}"),
    ("metrics.json", '"', ""),
    ("model.joblib", None, b"x"),
    ("model.joblib", None, None),
    ("predictions.csv", "\n", "\n\n"),
    ("notes.txt", None, "mine"),
    ("lineage.json", '"schema"', '"scheme"'),
    ("lineage.json", "repro.lineage/v", "repro.lineage/v9"),
    ("lineage.json", '"credit"', '"wine"'),
    ("lineage.json", None, "[]"),
    ("lineage.json", None, '{"a": 1, "a": 2}'),
    ("lineage.json", None, b"\xff"),
    ("lineage.json", None, None),
)
_FORGED: tuple[Forged, ...] = (
    Forged(("config", "security", "allowed_modules"), ["sklearn", "lightgbm", "os"]),
    Forged(("config", "models", "knn", "params", "memory"), "/somewhere"),
    Forged(("config", "models", "random_forest", "params", "n_estimators"), 10**7),
    Forged(("config", "seed"), 7),
    Forged(("config", "task"), "regression"),
    Forged(("config", "dataset", "sha256"), "0" * 64),
    Forged(("metrics", "test", "accuracy", "value"), 0.99),
    Forged(("threshold", "threshold"), 0.1),
    Forged(("keys", "strict_key"), "key/v1:0"),
    Forged(("predictions", "rows"), []),
    Forged(("stages", "stages"), []),
    Forged(("environment", "level"), "portable-v9"),
)
_VARIABLES = (
    {"OPENBLAS_CORETYPE": "Haswel"},
    {"NPY_DISABLE_CPU_FEATURES": "AVX5"},
    {"NPY_ENABLE_CPU_FEATURES": "X86_V3", "NPY_DISABLE_CPU_FEATURES": "X86_V4"},
    {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-avx2"},
)
_QUICK = ("train", "--profile", "debug")


def cases() -> Iterator[Case]:
    """Yield every case: configuration, data, arguments, then runs, records and the shell."""
    check = ("config", "check", "credit")
    yield from (Case(check, (Edit(CREDIT, old, new),)) for old, new in _EXPERIMENT)
    yield Case(check, (Edit(CREDIT, None, b"\xff"),))
    yield Case(check, (Edit(CREDIT, None, "["),))
    yield Case(("train",), (Edit(BASE, "default_experiment: credit", ""),))
    yield Case(("train",), (Edit(BASE, None, None),))
    yield from (Case(("train", *words.split(" "))) for words in _ARGUMENTS)
    yield from _of_data()
    yield from (Case(tuple(words.split())) for words in _ELSEWHERE)
    yield from (Case(("matrix", "--list"), (Edit(MATRIX, *pair),)) for pair in _MATRIX)
    yield from _of_runs()
    yield from (Case(("verify", REFERENCE), (forged,)) for forged in _FORGED)
    yield from (Case(("compare", REFERENCE, "RUN"), (forged,)) for forged in _FORGED[-6:])
    yield from (Case(("doctor", "--level", "seeded"), (), each) for each in _VARIABLES)
    yield from (Case((*_QUICK, "--level", "seeded"), (), each) for each in _VARIABLES)


def _of_data() -> Iterator[Case]:
    yield from (Case(_QUICK, (Edit(path, old, new),)) for old, new, path in _COLUMNS)
    yield Case(_QUICK, (Edit(DATA, None, None),))
    add = (
        "data",
        "add",
        "fresh",
        "data/fresh.csv",
        "--target",
        "Status",
        "--licence",
        "x",
        "--origin",
        "x",
    )
    yield from (Case(add, (Edit("data/fresh.csv", None, table),)) for table in _TABLES)
    yield from (
        Case(("predict", "RUN", "data/fresh.csv"), (Edit("data/fresh.csv", None, table),))
        for table in _TABLES[-2:]
    )


def _of_runs() -> Iterator[Case]:
    for name, old, new in _RUN_FILES:
        yield Case(("verify", "RUN", "--integrity"), (Edit(f"runs/RUN/{name}", old, new),))
    tampered = (Edit("runs/RUN/metrics.json", None, "{}"),)
    for words in ("compare RUN RUN", "reference RUN -o new.json", "report RUN", "runs show RUN"):
        yield Case(tuple(words.split()), tampered)
    for name in ("predict", "drift"):
        yield Case((name, "RUN", DATA), tampered)
    yield Case(("verify", REFERENCE), (Edit(REFERENCE, '"seed": 42', '"seed": 43'),))
    yield Case(("verify", REFERENCE), (Edit(REFERENCE, "repro.record/v1", "repro.record/v9"),))
    yield Case(("verify", REFERENCE), (Edit(REFERENCE, None, "{"),))
    yield Case(("verify", REFERENCE), (Edit(REFERENCE, None, '{"schema": NaN}'),))
