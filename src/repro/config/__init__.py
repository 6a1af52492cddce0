"""One source of truth: declarative configuration under ``configs/``.

``compose`` merges what a request names into a flat tree that remembers, for every value, the file
and line or the flag that set it; ``resolve`` validates the tree into a frozen ``ExperimentConfig``.
An unknown key, family, variant, profile or data set is an error with a suggestion, never a
fallback.
"""
