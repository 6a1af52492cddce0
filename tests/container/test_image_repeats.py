"""The same sources give the same bits; other ones do not."""

from repro.app.image.layouts import differences, merged, read_layout


def test_builds_apart_give_one_manifest(bench, layout):
    """Other stores, folders, locale, time zone, umask and times of files."""
    done = bench.image("check")

    assert done.status == 0, done.out + done.err
    assert done.out.count(layout.digest) == 2, (layout.digest, done.out)
    assert "identical: the same manifest from two builds" in done.out


def test_one_byte_of_the_source_gives_another(bench, layout):
    """And the difference is told by its path."""
    name = "src/repro/core/suggest.py"
    project = bench.changed("changed")
    path = project / name
    path.write_bytes(path.read_bytes() + b"\n")
    target = bench.folder / "changed-image"

    done = bench.image("build", "--project", project, "--output", f"oci:{target}", "--no-load")

    assert done.status == 0, done.err
    other = read_layout(target)
    ours, theirs = merged(layout), merged(other)
    module = "opt/repro/lib/python3.13/site-packages/repro/core/suggest.py"
    changed = {p for p in ours.keys() | theirs.keys() if ours.get(p) != theirs.get(p)}
    told = list(differences(layout, other))
    assert other.digest != layout.digest
    # The module, what was compiled from it, the list of files with their hashes, and the revision.
    assert {module, "project/.revision"} <= changed
    assert len(changed) == 4, changed
    assert any(line.startswith(f"layer 1: {module}: size ") for line in told), told
    assert any("revision" in line and "-dirty" in line for line in told), told
