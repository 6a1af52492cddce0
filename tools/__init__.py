"""Tools of development: locks, their audit, the CPU test bench, and stand-ins for what CI fetches.

Each is started from the root of the repository, such as ``python -m tools.lock``. They may import
``repro``; the package never imports them.
"""
