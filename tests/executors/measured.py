"""A metric of the user, which notes the processes that call it."""

import os

calls = []


def own_metric(truth, predicted):
    """Return the share of rows whose label is right."""
    calls.append(os.getpid())
    return float((truth == predicted).mean())
