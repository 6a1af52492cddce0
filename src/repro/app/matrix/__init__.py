"""The use cases of ``repro matrix``: read the cells, train in them, and compare their records.

``cells`` reads ``matrix.yaml``. ``places`` and ``containers`` find a way to train in a cell on this
machine, ``train`` takes the first that exists, ``collect`` reads the records that other machines
left, and ``compare`` compares all of them. What runs in a cell is in ``inside``.
"""
