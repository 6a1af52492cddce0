"""The use cases behind the commands; they return values and never print.

Modules that train import scikit-learn; ``configuration`` and ``subject`` do not, so that the
determinism level is known, and fixed, before NumPy is imported.
"""
