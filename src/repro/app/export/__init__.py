"""The use case ``export``: a run in the format of a different tool.

A run is checked before anything of it is written, and only files that were checked are copied.
Libraries of other tools are imported when their format is asked for.
"""
