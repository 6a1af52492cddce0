"""Frozen types and pure functions: no input or output, no NumPy."""
