"""Locks, wheel index and bill of materials say the same, and no other change goes unnoticed."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.conftest import ROOT, command

from repro.app.init import index as wheel_index
from tools.locking import bill, wheels
from tools.locking.agreement import digests, disagreements

WRITTEN = (wheels.INDEX, wheels.BILL)
FILES = (*wheels.LOCKS, *WRITTEN)
SHA256 = re.compile(r"\b[0-9a-f]{64}\b")


@pytest.fixture
def copies(tmp_path):
    """The files, to change at will."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def edit(folder, change, name=wheels.INDEX):
    path = folder / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def numpy_on_arm(index):
    return next(
        w for w in index["wheels"] if "numpy" in w["file"] and "linux_2_27_aarch" in w["file"]
    )


def test_all_of_them_agree():
    """By the command that `make lock` names, which asks nobody."""
    result = command("-m", "tools.lock", "--check", cwd=ROOT)

    assert (result.status, result.out, result.err) == (0, "", "")


@pytest.mark.parametrize("name", FILES)
def test_every_altered_hash_is_noticed(copies, name):
    """One digit of any of them, in any of the files: forty of each are tried."""
    path = copies / name
    text = path.read_text()
    hashes = list(SHA256.finditer(text))

    unnoticed = []
    for found in random.Random(name).sample(hashes, min(len(hashes), 40)):
        end = found.end()
        path.write_text(text[: end - 1] + ("0" if text[end - 1] != "0" else "1") + text[end:])
        if not disagreements(copies):
            unnoticed.append(found[0])

    assert (unnoticed, len(hashes) > 1) == ([], True)
    path.write_text(text)
    assert disagreements(copies) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda i: numpy_on_arm(i).update(version="2.4.5"), "and the lock 2.4.6"),
        (lambda i: numpy_on_arm(i).update(name="nunpy"), "nunpy, which is not locked"),
        (lambda i: numpy_on_arm(i).update(file="numpy-2.4.5-py3-none-any.whl"), "is no file of"),
        (lambda i: numpy_on_arm(i).update(systems=["x86_64-linux"]), "is not for x86_64-linux"),
        (lambda i: i["wheels"].remove(numpy_on_arm(i)), "0 files of numpy for aarch64-linux"),
        (lambda i: i["wheels"].append(numpy_on_arm(i) | {"file": "numpy-2.4.6-1.whl"}), "2 files"),
    ],
    ids=["version", "name", "file", "system", "missing", "twice"],
)
def test_what_else_is_changed_in_the_index_is_told(copies, change, sentence):
    """With the name of the package or of the file."""
    edit(copies, change)

    assert any(sentence in told for told in disagreements(copies))


@pytest.mark.parametrize(
    "edited",
    [
        lambda text: SHA256.sub("0" * 64, text, count=1),
        lambda text: f"{text}evil==1.0 \\\n    --hash=sha256:{'0' * 64}\n    # via rich\n",
        lambda text: text[: text.rindex("\n", 0, text.rindex("=="))],
        lambda text: re.sub(r"==(\S+)", r"==\1 ; sys_platform == 'win32'", text, count=1),
    ],
    ids=["hash", "added", "removed", "marker"],
)
@pytest.mark.parametrize("name", wheels.LOCKS)
def test_a_lock_that_was_edited_is_named(copies, name, edited):
    """Also one of which nothing is listed elsewhere."""
    path = copies / name
    text = path.read_text()
    path.write_text(edited(text))

    assert edited(text) != text
    assert set(disagreements(copies)) >= {f"{w} was made from another {name}" for w in WRITTEN}


@pytest.mark.parametrize(("key", "value"), [("python", "3.12"), ("schema", "repro.wheels/v0")])
def test_another_head_of_the_index_is_told(copies, key, value):
    """Of which Python and in which form it is."""
    was = json.loads((copies / wheels.INDEX).read_text())[key]
    edit(copies, lambda index: index.update({key: value}))

    assert disagreements(copies) == [f"{wheels.INDEX}: {key} is {value}, not {was}"]


def test_a_bill_that_was_edited_has_another_serial_number(copies):
    """Also where no hash was touched: here a licence, and a dependency."""
    edit(copies, lambda b: b["components"][0].pop("licenses"), wheels.BILL)
    licence = disagreements(copies)
    shutil.copy(ROOT / wheels.BILL, copies / wheels.BILL)
    edit(copies, lambda b: b["dependencies"].pop(), wheels.BILL)

    assert licence == disagreements(copies)
    assert licence == ["sbom.json: the serial number is not that of its content"]


def test_disagreeing_is_a_finding(copies):
    """The command says what differs and what writes it anew."""
    for name in ("tools", "src"):
        shutil.copytree(ROOT / name, copies / name, ignore=shutil.ignore_patterns("*_cache"))
    edit(copies, lambda i: i["wheels"].remove(numpy_on_arm(i)))

    result = command("-m", "tools.lock", "--check", cwd=copies)

    assert result.status == 1
    assert "nix/wheels.json has 0 files of numpy for aarch64-linux, not one" in result.out
    assert "make lock" in result.err


def test_the_bill_is_valid_cyclonedx():
    """Strictly, by the standard's own schema."""
    validator = JsonStrictValidator(SchemaVersion.V1_6)

    assert validator.validate_str((ROOT / wheels.BILL).read_text()) is None


def test_the_bill_says_what_an_auditor_asks():
    """Each component has a package URL, a licence and its place in the graph."""
    content = json.loads((ROOT / wheels.BILL).read_text())
    components = {component["name"]: component for component in content["components"]}
    edges = {entry["ref"]: entry.get("dependsOn", []) for entry in content["dependencies"]}

    assert [name for name, c in components.items() if not c.get("licenses")] == []
    assert components["numpy"]["purl"] == f"pkg:pypi/numpy@{components['numpy']['version']}"
    assert {c["bom-ref"] for c in components.values()} == set(edges) - {"repro"}
    assert components["numpy"]["purl"] in edges[components["scipy"]["purl"]]
    assert components["flit-core"]["scope"] == "excluded"
    assert "timestamp" not in content["metadata"]


def entry(name, file, digest, requires=()):
    """What pip reports of one wheel."""
    return {
        "download_info": {
            "url": f"https://index.invalid/a/b/{file}",
            "archive_info": {"hashes": {"sha256": digest * 64}},
        },
        "metadata": {
            "name": name,
            "version": file.split("-")[1],
            "requires_dist": list(requires),
            "license": "BSD-3-Clause",
        },
    }


def test_both_follow_from_what_pip_reports_whatever_the_order():
    """Neither time nor chance; the address it came from is left out."""
    packages = [
        "click", "colorama", "filelock", "flit-core", "jinja2", "joblib", "junitparser", "numpy",
        "packaging", "pandas", "pydantic", "pyyaml", "rfc8785", "rich", "scikit-learn",
        "scipy", "threadpoolctl", "tzdata",
    ]  # fmt: skip
    needs = {"scipy": ["numpy>=1; sys_platform == 'darwin'"], "rich": ["click; extra == 'x'"]}
    listed = [
        entry(name, f"{name.replace('-', '_')}-1.0-py3-none-any.whl", "a", needs.get(name, ()))
        for name in packages
    ]
    reports = {system: list(listed) for system in wheel_index.SYSTEMS}
    locks = digests({name: name for name in wheels.LOCKS})
    first = (wheel_index.index(reports, locks), bill.bill(reports, locks))

    for seed in range(3):
        order = random.Random(seed)
        systems = order.sample(list(reports), len(reports))
        shuffled = {system: order.sample(listed, len(listed)) for system in systems}
        assert (wheel_index.index(shuffled, locks), bill.bill(shuffled, locks)) == first

    assert "index.invalid" not in "".join(first)
    edges = {e["ref"]: e.get("dependsOn", []) for e in json.loads(first[1])["dependencies"]}
    assert edges["pkg:pypi/scipy@1.0"] == ["pkg:pypi/numpy@1.0"]
    assert edges["pkg:pypi/rich@1.0"] == []


def test_making_both_again_changes_nothing(copies):
    """pip, asked now, names the same files; the index of packages has to be reached for it."""
    for name in ("tools", "src"):
        shutil.copytree(ROOT / name, copies / name, ignore=shutil.ignore_patterns("*_cache"))
    for name in wheels.INSTALLED:
        shutil.copy((ROOT / name).with_suffix(".in"), copies)
    for name in wheels.COPIES:
        shutil.copy(ROOT / name, copies / name)
    shipped = [f"{wheels.SHIPPED}/{Path(name).name}" for name in wheels.COPIES]
    before = {name: (copies / name).read_bytes() for name in (*FILES, *shipped)}

    result = command("-m", "tools.lock", cwd=copies)

    if result.status == 3:
        pytest.skip(result.err.splitlines()[0])
    assert (result.status, result.out, result.err) == (0, "", "")
    assert {name: (copies / name).read_bytes() for name in before} == before
