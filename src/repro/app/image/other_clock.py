"""A build on a different date: in a Linux of its own, so that this machine's clock stays as it is.

That is User-mode Linux: a kernel that runs as a process, and needs no virtual machine. It sees
this machine's files and may change those of one folder, has no network but itself, and runs the
programs that are installed on it. So two things differ: the clock, and the kernel.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from repro.app.image.failures import explain
from repro.app.image.inside import PORT
from repro.app.image.processes import run
from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from repro.app.image.builders import Build

_KERNEL = "linux.uml"
_TOOLS = {_KERNEL: "user-mode-linux", "mke2fs": "e2fsprogs", "ip": "iproute2"}
# Sparse: a build writes some 4 GB.
_DISK = 20 << 30


def need() -> None:
    """Check that this machine can build on a different date.

    Raises
    ------
    PreconditionError
    """
    missing = {tool: package for tool, package in _TOOLS.items() if not shutil.which(tool)}
    if missing:
        raise PreconditionError(
            f"a build on a different date needs tools that are not installed: {', '.join(missing)}",
            advice="on Debian and Ubuntu, on x86-64: apt install " + " ".join(missing.values()),
        )
    if os.geteuid() != 0:
        raise PreconditionError(
            "a build on a different date needs root, because its Linux reads this machine's files",
            advice="run it as root, or leave out --clock",
        )


def build(made: Build, layout: Path, date: datetime, folder: Path) -> str:
    """Build an image with buildah on a different date, and return its date and kernel.

    Parameters
    ----------
    folder : Path
        Holds the context, the log and the layout; the only one that the build can write to.

    Raises
    ------
    PreconditionError
    """
    need()
    if set(" ,") & set(str(folder)):
        raise PreconditionError(
            f"'{folder}': its name has a space or a comma, which a kernel option cannot contain",
            advice="name a different folder with TMPDIR=…",
        )
    clock, disk, start = folder / "clock", folder / "disk", folder / "start"
    _fetch(made, folder / "base")
    with disk.open("wb") as file:
        file.truncate(_DISK)
    made.run(folder, "mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", disk)
    # What a registry on this machine serves is the same wherever it is served from.
    log = folder / "inside.log"
    inside = replace(made, base=replace(made.base, source=f"127.0.0.1:{PORT}/base"), log=log)
    asked = {"build": asdict(inside), "layout": layout}
    (folder / "build").write_text(json.dumps(asked, default=str), encoding="utf-8")
    start.write_text(_script(folder, date), encoding="utf-8")
    start.chmod(0o755)
    _boot(start, folder, log)
    if not clock.is_file():
        text = log.read_text(encoding="utf-8", errors="replace")
        with made.log.open("a", encoding="utf-8") as kept:
            kept.write(text)
        where = f"'{made.log}'"
        raise explain("the build on a different date", text, base=str(made.base), where=where)
    return clock.read_text(encoding="utf-8")


def _fetch(made: Build, folder: Path) -> None:
    # Outside, since no certificate need be valid on a different date. A digest may name a list of
    # images for several processors: it is needed too.
    folder.mkdir()
    for part in ("system", "index-only"):
        made.run(
            folder, "skopeo", "copy", "--quiet", "--preserve-digests", "--multi-arch", part,
            f"--src-tls-verify={str(not made.base.is_insecure).lower()}",
            f"docker://{made.base}", f"dir:{folder / part}",
        )  # fmt: skip
        for path in (folder / part).iterdir():
            path.rename(folder / hashlib.sha256(path.read_bytes()).hexdigest())


def _script(folder: Path, date: datetime) -> str:
    share = shlex.quote(str(folder))
    module = shlex.join([sys.executable, "-P", "-m", "repro.app.image.inside", str(folder)])
    return f"""#!/bin/sh
export PATH={shlex.quote(os.environ["PATH"])} HOME=/root TMPDIR=/var/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mount -t ext4 /dev/ubda /var/tmp &&
mkdir -p /dev/shm /dev/pts {share} &&
mount -t hostfs -o {share} none {share} &&
ip link set lo up &&
date -s @{int(date.timestamp())} &&
{module}
sync
echo o >/proc/sysrq-trigger
sleep 60
"""


def _boot(start: Path, folder: Path, log: Path) -> None:
    with log.open("ab") as output:
        run(
            [
                _KERNEL, "mem=3G", "quiet", "panic=-1", "root=/dev/root", "rootfstype=hostfs", "ro",
                "devtmpfs.mount=0",
                f"init={start}", f"ubd0={folder / 'disk'}", "con=null", "con0=null,fd:1",
                f"uml_dir={folder}", "umid=linux",
            ],
            output, {"TMPDIR": str(folder)},
        )  # fmt: skip
