"""What runs inside a recorded process: hooks, adapters for libraries, and the trace.

``startup/sitecustomize.py`` is found by every Python that a recorded command starts, since its
folder is on ``PYTHONPATH``. It needs the standard library alone. Each process appends its events
to a file of its own, one JSON object per line, so that a process that is killed loses nothing:

===========  ==================================================================================
``process``  number, parent, arguments and interpreter; the first line, and again after a fork
``read``     a data file was opened: its size and time of modification
``write``    a file was opened to be written, and whether it existed
``moved``    a file was renamed
``listed``   a folder was listed: the digest of the names in it
``code``     a file of code that no installed package provides was loaded
``step``     one call by the user's code: its site, and a digest of everything in and out
``series``   the chain over all values of one site so far
``dump``     an object was written to a file: the digest of the object
``seed``     a global generator was seeded
``logged``   a number that the program logs through a tracker
``lost``     something could not be recorded, and why
``started``  a program was started
``network``  a connection was made, to a host other than this one
``end``      the distributions' folders and the loaded modules, when Python ends by itself
===========  ==================================================================================

Nothing in this package raises into the recorded program, and nothing changes what it computes.
"""
