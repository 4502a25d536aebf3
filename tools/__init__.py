"""Developer environment of this project: run ``python3 -m tools help``.

Everything these tools make lives below ``.sandbox/`` in the project folder.
"""
