"""A benchmark of named causes: mutation operators of other people, applied to recorded programs."""
