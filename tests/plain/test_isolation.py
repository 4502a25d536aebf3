"""The isolation tester's own logic: which orders it plays, and who waits for whom."""

import math
import random
from concurrent.futures import Future

import pytest

from tests.isolation.explore import ByLabels, ByPrefix, explore
from tests.isolation.schedule import Actor, Play, Stuck, current, gate


class NoSessions:
    """A monitor of actors that have no sessions."""

    def blocked(self, _pids):
        return []

    def terminate(self, _pids):
        """There is nothing to end."""


def steps(*names):
    """Return an actor's work: nothing but its steps."""

    def act():
        for name in names:
            gate(name)

    return act


def play_of(works, ends=None):
    """Return what plays one order of these actors."""

    def play(choose):
        one = Play(choose, NoSessions(), ends)
        for name, work in works.items():
            one.add(Actor(name), work)
        one.run()
        return one.steps, one.seen

    return play


def test_where_there_are_few_orders_every_one_is_played():
    works = {"A": steps("1", "2"), "B": steps("1", "2", "3"), "C": steps("1")}
    found = explore(play_of(works), 1000, random.Random(1))
    assert found.is_every
    assert len(found.orders) == math.factorial(6) // (2 * 6)


def test_known_orders_are_played_whatever_the_size():
    works = {"A": steps("1", "2"), "B": steps("1", "2", "3")}
    known = ["B.1", "B.2", "A.1", "B.3", "A.2"]
    found = explore(play_of(works), 1, random.Random(1), [known])
    assert found.orders == {tuple(known)}


def test_random_orders_are_the_same_for_a_seed():
    works = {"A": steps(*"1234567"), "B": steps(*"1234567")}
    first, second = (
        explore(play_of(works), 30, random.Random(7)).orders for _time in range(2)
    )
    assert first == second
    assert len(first) == 30


def test_a_fault_is_reported_with_its_order_of_steps():
    """Two read, then write: the lost update is found."""
    orders = {}

    def play(choose):
        box = {"value": 0}

        def add():
            gate("read")
            value = box["value"]
            gate("write")
            box["value"] = value + 1

        order, _seen = play_of({"A": add, "B": add})(choose)
        orders[tuple(order)] = box["value"]
        return order, ["lost"] if box["value"] != 2 else []

    found = explore(play, 100, random.Random(1))
    assert found.is_every
    assert len(found.orders) == 6
    assert len(found.wrong) == 4
    for order in found.wrong:
        assert play(ByLabels(order)) == (list(order), ["lost"])


def test_who_waits_for_a_thread_of_its_own_is_no_choice():
    future = Future()

    def ask():
        gate("ask")
        here = current()
        here.play.wait(here, future, None)
        gate("go on")

    def answer():
        gate("answer")
        future.set_result(None)

    play = play_of({"A": ask, "B": answer})
    order, _seen = play(ByPrefix([]))
    assert order == ["A.ask", "B.answer", "A.go on"]


def test_an_actor_that_waits_forever_is_reported():
    def wait():
        here = current()
        here.play.wait(here, Future(), None)

    with pytest.raises(Stuck, match="A cannot go on"):
        play_of({"A": wait})(ByPrefix([]))


def test_who_has_died_does_nothing_more():
    done = []

    def act():
        gate("first")
        done.append(1)
        gate("second")
        done.append(2)

    one = Play(ByLabels(["A.first", "A.dies"]), NoSessions(), {("A", "dies"): 1})
    actor = Actor("A")
    actor.sessions = {1: None}
    one.add(actor, act)
    one.run()
    assert one.steps == ["A.first", "A.dies"]
    assert done == [1]
    assert not actor.error
