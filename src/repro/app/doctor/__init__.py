"""Examination of this machine: what is not deterministic, why, and how to fix it.

Three things are examined: the environment as the caller gave it, from its text; a process that is
started as the caller starts Python; and one that is started at a level. The difference of
the two is what the level keeps in check. Both are children: whatever the environment does to the
numeric libraries, even an illegal instruction, it does to them, and is reported.
"""

from repro.app.answers import Status
from repro.app.doctor.case import Case, Observation
from repro.app.doctor.examination import Diagnosis, examine

__all__ = ["Case", "Diagnosis", "Observation", "Status", "examine"]
