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
    "starts",
    "two",
    "renames",
    "restored",
    "promotion",
    "upgrade",
    "switch",
    "sequences",
    "interleavings",
    "odk",
)

#: Run with both of SPAR's dialects: what depends most on how SPAR answers.
IN_BOTH_DIALECTS = ("kill", "faults", "late", "sequences")
