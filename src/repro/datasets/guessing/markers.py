"""Texts that mean a missing value wherever they stand among numbers."""

from __future__ import annotations

# In lower case. What spreadsheets, R, pandas, SQL, Weka, SAS and forms write.
KNOWN = frozenset(
    {
        *("", "na", "n/a", "n.a.", "#n/a", "nan", "<na>", "null", "none", "nil", "missing"),
        *("?", "-", "--", "---", ".", "..", "*", "unknown", "not available", "k.a.", "k. a."),
        *("\u2013", "\u2014", "\\n"),
    }
)
# Those that a program writes for no value; the others may well be the name of a class, such as
# "none", "unknown" or "-".
GAPS = frozenset(
    {
        *("na", "n/a", "n.a.", "#n/a", "nan", "<na>", "null", "nil", "\\n"),
        *("?", "not available", "k.a.", "k. a."),
    }
)
