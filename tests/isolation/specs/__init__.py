"""The specs, one file for each subject."""

import importlib

SUBJECTS = (
    "order",
    "ids",
    "start",
    "connections",
    "questions",
    "politeness",
    "promotion",
    "threads",
    "deaths",
    "late",
    "interventions",
    "leaving",
    "merging",
    "providers",
    "details",
    "approvals",
    "key_switch",
    "comparison",
    "touching",
    "companies",
)


def all_specs():
    """Return all specs, by name."""
    found = {}
    for subject in SUBJECTS:
        for spec in importlib.import_module(f"{__name__}.{subject}").SPECS:
            assert spec.name not in found, f"two specs {spec.name}"
            found[spec.name] = spec
    return found
