"""Other tools, each in an environment of its own under build/peers, which is used again."""

import subprocess
import sys

from sides import PYTHON, ROOT

FOLDER = ROOT / "build" / "peers"
# The bare script that stands beside a tool runs in the tool's own environment.
SCIENCE = ("scikit-learn==1.9.1", "pandas")
PEERS = {
    "dvc": ("dvc", *SCIENCE),
    "mlflow": ("mlflow", *SCIENCE),
    "sacred": ("sacred", "setuptools<81", *SCIENCE),
    "wandb": ("wandb", *SCIENCE),
    "guildai": ("guildai", "setuptools<81"),
}
VERSION = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"


def program(peer, name=None):
    """Return the path of a program of a peer, or None if the peer cannot be installed."""
    folder = FOLDER / peer
    ready = folder / ".ready"
    wanted = "\n".join(PEERS[peer])
    if not ready.exists() or ready.read_text() != wanted:
        print(f"installing {peer} into {folder.relative_to(ROOT)}", file=sys.stderr)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q"]
        for command in ([PYTHON, "-m", "venv", str(folder)],
                        [*pip, "--disable-pip-version-check", *PEERS[peer]]):  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                last = done.stderr.strip().splitlines()[-1:]
                print(f"{peer} is left out: {' '.join(last)}", file=sys.stderr)
                return None
        ready.write_text(wanted)
    found = folder / "bin" / (name or "python")
    return str(found) if found.exists() else None


def versions():
    """Return the versions of the peers that are installed, by name."""
    found = {}
    for peer in PEERS:
        python = FOLDER / peer / "bin" / "python"
        if python.exists() and (FOLDER / peer / ".ready").exists():
            done = subprocess.run([str(python), "-c", VERSION, peer], capture_output=True,
                                  text=True, check=False)  # fmt: skip
            found[peer] = done.stdout.strip() or "unknown"
    return found
