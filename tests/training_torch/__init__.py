"""Trainings by PyTorch, in the environment of ``make test-scripts``."""
