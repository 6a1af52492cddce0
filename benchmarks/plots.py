"""Cost curves on logarithmic axes."""

import sys
from importlib.util import find_spec

from results import curves, file_of


def plot(folder, found):
    """Write an SVG for each curve: CPU time, and the greatest memory, of both sides."""
    if find_spec("matplotlib") is None:
        print("matplotlib is not installed: no plots", file=sys.stderr)
        return
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "bench"
    for name, rows in curves(found).items():
        _draw(folder / file_of(name), name, rows)


def _draw(file, name, rows):
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    sizes = [row.size for row in rows]
    for axis, kind, unit in zip(axes, ("cpu", "memory"), ("CPU time in s", "memory in MB"),
                                strict=True):  # fmt: skip
        for side, label in (("left", "repro"), ("right", "beside it")):
            axis.loglog(sizes, [getattr(getattr(row, side), kind) for row in rows], "o-",
                        label=label)  # fmt: skip
        axis.set(xlabel=name, ylabel=unit)
        axis.grid(which="both", alpha=0.3)
        axis.legend()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
