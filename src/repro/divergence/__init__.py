"""Two records side by side: a verdict, and the first stage at which they part.

A check that compares nothing passes nothing: a different experiment, seed or data set, a missing
metric or an empty sample is ``incomparable``, which is never a pass.
"""
