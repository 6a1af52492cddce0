"""The use cases of ``repro matrix``: read the cells, train in them, and compare their records.

``cells`` reads ``matrix.yaml``. ``places`` names the places that train a cell, ``train`` takes the
first that exists on this machine, ``collect`` reads the records that other machines left, and
``compare`` compares all of them.
"""
