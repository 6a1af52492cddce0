"""A table by declared role: the one definition of what a cell means.

Readers of files and the saved pipeline go through the same code, so that a table has one meaning
whatever carried it: text of a CSV file, a typed column of a Parquet file, or a pandas frame.

``numbers``
    which text is a number, and what a number may not lose on its way to a 64-bit float.
``marks``
    the declared markers of missing values.
``cells``
    a column of any type, coerced to numbers or to text.
``spelling``
    text that pandas has already turned into numbers, booleans or missing values, turned back.
``declared``
    the first step of the saved pipeline, which checks and coerces a frame.
"""
