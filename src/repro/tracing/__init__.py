"""Code that runs inside a recorded process: hooks, adapters for libraries, and the trace.

Every Python that a recorded command starts finds ``startup/sitecustomize.py``, because its folder
is on ``PYTHONPATH``. It needs only the standard library. Each process appends its events to a file
of its own, one JSON object per line, so that a killed process loses nothing:

===========  ==================================================================================
``process``  number, parent, arguments and interpreter; the first line, and again after a fork
``read``     a data file was opened: its size and modification time
``write``    a file was opened for writing, whether it existed before, and whether it was emptied
``moved``    a file was renamed
``listed``   a folder was listed: the digest of the names in it
``code``     a code file that no installed package provides was loaded
``step``     one call from the user's code: its site, and a digest of every input and output
``series``   a digest chain over all values of one site so far
``dump``     an object was written to a file: the digest of the object
``seed``     a global generator was seeded
``logged``   the program logged a number through a tracker
``own``      a file is the tracker's own, and neither data nor a result
``lost``     something could not be recorded, and the reason
``started``  a program was started
``network``  a connection was made, to a host other than this one
``end``      the loaded modules, when Python exits normally
===========  ==================================================================================

This package never raises into the recorded program and never changes what it computes.
"""
