"""Digests of every kind of data that can be tracked, at full content.

Two digests are equal for equal content: values, types, shapes, order and names count; how it lies
in memory, in chunks or in batches, and who reads it with how many workers, does not.
"""

from repro.tracking.contents.kinds import Described, describe

__all__ = ["Described", "describe"]
