"""Files that differ in their line ends only, as ``core.autocrlf`` of Git leaves them."""

from __future__ import annotations

from repro.digest.files import sha256_bytes

ADVICE = (
    "git changed them while checking out: add the line '* -text' to .gitattributes, commit it,"
    " delete the file and restore it: git checkout -- FILE"
)


def found_line_ends(content: bytes, sha256: str) -> str:
    r"""Say which line ends a file has if it would have a hash with the others; '' if it would not.

    Examples
    --------
    >>> unix = sha256_bytes(b"a,b\n1,2\n")
    >>> found_line_ends(b"a,b\r\n1,2\r\n", unix)
    'CRLF, expected LF'
    >>> found_line_ends(b"a,b\r\n1,3\r\n", unix), found_line_ends(b"a,b\n1,2\n", unix)
    ('', '')
    """
    unix = content.replace(b"\r\n", b"\n")
    for expected, other in (("LF", unix), ("CRLF", unix.replace(b"\n", b"\r\n"))):
        if other != content and sha256_bytes(other) == sha256:
            found = "CRLF" if unix != content else "LF"
            return f"{found}, expected {expected}"
    return ""
