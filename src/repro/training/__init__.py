"""The science: a tuple of stage functions and a fold over it.

A stage takes artefacts by the names of its parameters and returns new ones; ``fold`` feeds each
stage from the ones before and digests every artefact that goes in or out, so that the stages carry
no bookkeeping. Nothing in this package reads a file, a clock or the environment: the same table,
configuration and seeds give the same bits, for any number of workers.
"""
