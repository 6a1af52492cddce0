"""The parts of ``scripts/matrix.py``: what a cell is, the ways to train in it, and the verdict."""
