"""Checkpoints in memory, of every step."""

from dataclasses import dataclass, field


@dataclass
class Memory:
    """Keeps all states that a fit saves, and starts it from the one that is asked for."""

    every: int = 1
    start: int | None = None
    saved: dict = field(default_factory=dict)
    identities: set = field(default_factory=set)

    def load(self, identity):
        self.identities.add(identity)
        return None if self.start is None else self.saved[self.start]

    def save(self, identity, step, arrays, values):
        self.identities.add(identity)
        self.saved[step] = (dict(arrays), dict(values))
