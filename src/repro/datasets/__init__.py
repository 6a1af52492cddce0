"""Data sets: declared once, checked before they are read, and read strictly.

``registry`` lists what a project declares; ``loading`` turns a declaration into a ``Table``;
``verifying`` checks declarations on this machine. ``declaring``, ``drafting`` and ``adding`` write
a new one, for which ``guessing`` looks at the file; ``replacing`` and ``changes`` a later one. A
*source* hands over the bytes that were declared, or refuses (``sources``, one module per kind); a
*format* reads them (``formats``); ``roles`` says what each column is for; ``table`` puts the parts
together. Import from the submodules: ``registry`` needs neither NumPy nor pandas.

Nothing is guessed while reading: a column without a role, text among numbers, a short row, or an
undeclared mark for missing values is an error that names the file, the place and the next step.
"""
