"""What goes wrong on purpose, one scenario in each file; ``make chaos`` runs them."""

#: In the order they are run.
SCENARIOS = (
    "kill",
    "postgres",
    "runners",
    "down",
    "faults",
    "late",
    "ahead",
    "poison",
    "editors",
    "renames",
    "restored",
    "upgrade",
    "switch",
    "sequences",
    "interleavings",
    "odk",
)
