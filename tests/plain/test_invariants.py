"""The checker all chaos relies on finds each kind of violation, and only those."""

import pytest

from tests import invariants


def request(operation, ids, arrived, over):
    return {"operation": operation, "ids": ids, "arrived": arrived, "over": over}


def test_a_clean_history_has_no_violation():
    found = invariants.check(
        {"A": ["1", "2", None], "B": ["3"]},
        {"A": None, "B": "3"},
        {
            "applied": [
                ["link", "A", "1"],
                ["update", "A", "1"],
                ["update", "A", "2"],
                ["unlink", "A", None],
                ["link", "B", "3"],
            ],
            "rows": {"B": "3"},
            "requests": [request("link", ["A"], 1, 2), request("update", ["A"], 2, 3)],
        },
    )
    assert not found
    assert set(found.counts().values()) == {0}


@pytest.mark.parametrize("rows", [{}, {"A": "1"}])
def test_what_spar_does_not_hold_is_lost(rows):
    happened = {"applied": [], "rows": rows, "requests": []}
    assert invariants.check({"A": ["1", "2"]}, {"A": "2"}, happened).lost == ["A"]


def test_what_spar_should_have_forgotten_is_lost_too():
    happened = {"applied": [], "rows": {"A": "1"}, "requests": []}
    assert invariants.check({"A": ["1", None]}, {"A": None}, happened).lost == ["A"]


@pytest.mark.parametrize(
    "values", [["2", "1"], ["1", "2", "1"], ["1", None, "1"], ["2", None, "2"]]
)
def test_going_back_is_reordering(values):
    applied = [["update", "A", value] for value in values]
    reordered, invented = invariants.check_order({"A": ["1", "2", None]}, applied)
    assert (reordered, invented) == (["A"], [])


@pytest.mark.parametrize("value", ["9", None])
def test_an_address_that_was_never_committed_is_invented(value):
    applied = [["update", "A", value]]
    assert invariants.check_order({"A": ["1"]}, applied) == ([], ["A"])


def test_a_stranger_is_invented():
    assert invariants.check_order({}, [["link", "Z", "1"]]) == ([], ["Z"])


def test_the_same_address_twice_is_no_violation():
    applied = [["link", "A", "1"], ["update", "A", "1"], ["update", "A", "2"]]
    assert invariants.check_order({"A": ["1", "2"]}, applied) == ([], [])


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        (("link", 1, 5), ("update", 4, 6), ["A"]),
        (("link", 1, None), ("update", 4, 6), ["A"]),
        (("link", 1, 5), ("resolve", 4, 6), ["A"]),
        (("resolve", 1, 5), ("update", 4, 6), ["A"]),
        (("resolve", 1, 5), ("resolve", 4, 6), []),
        (("link", 1, 4), ("update", 4, 6), []),
    ],
)
def test_two_requests_about_one_id_at_once_overlap(first, second, overlap):
    requests = [request(name, ["A"], *times) for name, *times in (second, first)]
    assert invariants.check_overlap(requests) == overlap


def test_requests_about_different_ids_do_not_overlap():
    requests = [request("link", ["A"], 1, 5), request("link", ["B"], 2, 3)]
    assert invariants.check_overlap(requests) == []


def test_what_is_found_in_several_rounds_adds_up():
    total = invariants.Violations()
    total.add(invariants.Violations(lost=["A"], unsettled=["B"]))
    total.add(invariants.Violations(lost=["C"]))
    assert total.counts()["lost"] == 2
    assert total.counts()["unsettled"] == 1
    assert total


OWNERS = {"a1": ("a", 1), "a2": ("a", 2), "b1": ("b", 3)}


def test_an_id_may_change_hands_when_its_row_has_left():
    applied = [["unlink", "A", None], ["link", "C", "a1"], ["link", "A", "b1"]]
    found = invariants.check_owners({"A": "a1"}, applied, OWNERS)
    assert not any(found.values())


@pytest.mark.parametrize(
    ("rows", "applied", "kind", "who"),
    [
        ({"A": "a1"}, [["link", "C", "a1"]], "twice", "a"),
        ({}, [["link", "A", "a2"], ["update", "A", "a1"]], "went_back", "a"),
        ({}, [["link", "A", "x"]], "invented", "x"),
    ],
)
def test_what_goes_wrong_with_owners_is_found(rows, applied, kind, who):
    found = invariants.check_owners(rows, applied, OWNERS)
    assert found.pop(kind) == {who}
    assert not any(found.values())
