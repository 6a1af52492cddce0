"""The cause of a failed build, read from its log: one sentence with the next step."""

from __future__ import annotations

import re

from repro.core.errors import PreconditionError

# A builder may repeat a whole step in one line.
_SAID = 200

_FULL = "no space is left on the device that holds it"
_ALTERED = "the hash of a wheel differs from the lock"
_UNREACHABLE = "a registry or an index cannot be reached"
_ABSENT = "a wheel of the lock was not found"

# In this order: a full disk, a wrong hash and a network that is down bring other messages in their
# train. pip finds no version of anything where it reaches no index.
_KNOWN = (
    (
        r"no space left on device",
        _FULL,
        "free about 3 GB, or name a different folder with TMPDIR=…",
    ),
    (
        r"do not match the hashes|Expected sha256",
        _ALTERED,
        "fetch it again with 'repro image wheelhouse'; if it is wrong again, the file was"
        " altered at its origin",
    ),
    (
        r"LOCK_DIGEST is not the digest",
        "the lock changed while the image was built",
        "build again when requirements.txt no longer changes",
    ),
    (
        r"manifest unknown|manifest for \S+ not found|name unknown|repository does not exist"
        r"|MANIFEST_UNKNOWN|NAME_UNKNOWN|requested access to the resource is denied"
        r"|: not found$|invalid repository name",
        "the registry has no base image {base}",
        "check its name and digest, or name a mirror that has it: --base NAME@sha256:…",
    ),
    (
        r"cannot connect to the docker daemon|is the docker daemon running",
        "Docker is installed, but its daemon does not respond",
        "start it ('systemctl start docker'), or install buildah, which needs no daemon",
    ),
    (
        r"connection refused|no such host|i/o timeout|network is unreachable|TLS handshake"
        r"|certificate signed by unknown|certificate verify failed|server misbehaving"
        r"|temporary failure in name resolution|name or service not known|connection reset"
        r"|Max retries exceeded",
        _UNREACHABLE,
        "for the base, name a mirror (--base NAME@sha256:…), or make one with tools/base_image.sh"
        " of repro's repository; for packages, run 'repro image wheelhouse' on a machine that"
        " can reach an index",
    ),
    (
        r"Could not find a version that satisfies|No matching distribution",
        _ABSENT,
        "fill the wheelhouse for the Python and the processor of the base: repro image wheelhouse",
    ),
)
# A wheelhouse is no remedy for what pip fetches for a wheelhouse.
_FETCHING = {
    _FULL: "free about 500 MB, or name a different folder",
    _ALTERED: "fetch it again; if the hash differs again, the file was altered at its source",
    _UNREACHABLE: "run this on a machine that can reach an index, or name one with PIP_INDEX_URL=…",
    _ABSENT: "check --python and --machine, or name a different index with PIP_INDEX_URL=…",
}


def explain(tool: str, log: str, *, base: str = "", where: str = "") -> PreconditionError:
    """Return the error that explains the output of a failed command.

    Examples
    --------
    >>> str(explain("buildah", "write /a: no space left on device"))
    'no space is left on the device that holds it'
    """
    for pattern, message, advice in _KNOWN:
        if re.search(pattern, log, re.IGNORECASE | re.MULTILINE):
            step = _FETCHING.get(message, advice) if tool == "pip" else advice
            if where:
                step += f"; the output of {tool} is in {where}"
            return PreconditionError(message.format(base=base), advice=step)
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if "error" in line.lower()), "")
    said = (last or (lines[-1] if lines else "nothing"))[:_SAID]
    return PreconditionError(
        f"{tool} failed: {said}",
        advice=f"its output is in {where}" if where else "",
    )
