"""Lines that leave something to chance, found in the source."""

from __future__ import annotations

import pytest

from repro.execution.recording.sources import chances


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("rng = np.random.default_rng()", "entropy"),
        ("rng = default_rng(None)", "entropy"),
        ("rng = np.random.RandomState(seed=None)", "entropy"),
        ("name = uuid.uuid4().hex", "entropy"),
        ("key = os.urandom(8)", "entropy"),
        ("start = time.time()", "clock"),
        ("day = datetime.datetime.now()", "clock"),
        ("day = pd.Timestamp.now()", "clock"),
        ("columns = list(set(a))", "order"),
        ("columns = [c for c in {1, 2}]", "order"),
        ("columns = list(set(a) - {'b'})", "order"),
        ("columns = list(3 - a)", None),
        ("frame = pd.DataFrame({x for x in a})", "order"),
        ("rng = np.random.default_rng(0)", None),
        ("rng = np.random.RandomState(seed)", None),
        ("columns = sorted(set(a))", None),
        ("time.sleep(1)", None),
        ("if a in {1, 2}: pass", None),
        ("x = list(a)", None),
    ],
)
def test_a_line(tmp_path, line, kind):
    path = tmp_path / "a.py"
    path.write_text(f"\n{line}\n")
    found = chances(path, "a.py")
    assert [each.kind for each in found] == ([kind] if kind else [])
    assert all(each.site == "a.py:2" for each in found)


@pytest.mark.parametrize("content", [b"def (", b"\xff\xfe", b"\0"])
def test_what_is_no_source_has_none(tmp_path, content):
    path = tmp_path / "a.py"
    path.write_bytes(content)
    assert chances(path, "a.py") == []
