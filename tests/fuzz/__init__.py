"""A fuzzer over every reader of what a stranger can send.

``make fuzz ARGS="--minutes 30 --seed 7"`` runs it for long; the test in this folder runs a
fixed number of examples of a fixed seed.
"""
