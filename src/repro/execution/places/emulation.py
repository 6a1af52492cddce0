"""A processor of a different architecture, emulated."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from repro.execution.places.installed import Installed, Plan
from repro.execution.places.machine import missing_tools

# Of repro's own repository: it installs that source for the emulated processor.
_ARM64 = Path("tools") / "arm64_environment.sh"


@dataclass(frozen=True)
class EmulatedArm(Installed):
    """A 64-bit ARM processor, emulated by qemu-user."""

    @property
    def title(self) -> str:
        """The name of the place for people."""
        return "emulated by qemu-aarch64"

    def obstacle(self, project: Path) -> str:
        """Return what is missing for the emulation; empty if nothing is."""
        if reason := missing_tools(mmdebstrap="mmdebstrap", qemu_aarch64="qemu-user"):
            return reason
        name = _ARM64.as_posix()
        missing = f"the project has no {name}: an emulated processor takes repro's source"
        return "" if (project / _ARM64).is_file() else missing

    def prepare(self, project: Path, level: str) -> Plan:
        """Make the environment unless an earlier call has."""
        script = project / _ARM64
        sources = [script, project / self.workspace.lock, project / "pyproject.toml"]
        made_of = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
        folder = self.workspace.trees / f"arm64-{made_of[:8]}"
        if not folder.exists():
            self.workspace.do("env", f"PYTHON={sys.executable}", script, folder)
        training = self.training(project, level, "--python", str(folder / "python"))
        return Plan((sys.executable, *training))
