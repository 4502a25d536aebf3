"""A spec: actors cut into steps, and the invariant it guards."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from .case import Case
from .explore import ByLabels, explore
from .schedule import Actor, Play, Stuck

#: Where actors stop if a spec says nothing else, by the first letter of their names:
#: a clerk, an operator, a manager, a worker. Others stop at all gates.
CLERK = {"begin", "capture", "commit", "roll back"}
STOPS = {
    "T": CLERK,
    "O": CLERK,
    "M": {"begin", "commit"},
    "W": {"guard", "claim", "send", "commit"},
}
#: All the gates of a worker's round, of which the first comes before its snapshot; and
#: those while its request is at SPAR.
WORKER = {"guard", "claim", "journal", "send", "answer", "record", "commit"}
AT_SPAR = WORKER | {"apply"}


@dataclass(frozen=True)
class Spec:
    """What some actors do at the same time.

    :param str name: short and unique.
    :param str guards: what must hold in every order.
    :param Callable actors: gets the :class:`~.case.Case`; returns by name what each
        does. They run in threads; steps are cut at their gates.
    :param people: kinds of the registrants, see :meth:`~.stage.Stage.take`.
    :param dict connection: columns of the connection that differ.
    :param dict stops: by name of an actor the gates it stops at, if not :data:`STOPS`.
    :param dict ends: by name of an actor and ``dies`` or ``loses its session``, how
        often at most.
    :param Callable faults: gets the case; returns SPAR's, as the stand-in takes them.
    :param Callable prepare: does something first; gets the case.
    :param Callable finish: looks for more that must hold; gets case and play, before
        all has drained, and returns what does not hold.
    :param float weight: of its share of all permutations.
    :param known: orders of steps, as printed, that were wrong once; always played.
    """

    name: str
    guards: str
    actors: Callable
    people: tuple = ("settled",)
    connection: dict = field(default_factory=dict)
    stops: dict = field(default_factory=dict)
    ends: dict = field(default_factory=dict)
    faults: Callable | None = None
    prepare: Callable | None = None
    finish: Callable | None = None
    weight: float = 1.0
    known: tuple = ()

    def play(self, stage, choose):
        """Play one permutation.

        :param Stage stage: where.
        :param Callable choose: chooses among labels.
        :return: the steps as they were taken, and what did not hold.
        """
        case = Case(stage, self.people)
        stage.reset_connection(self.connection)
        if self.prepare:
            self.prepare(case)
        stage.spar.mapper.arm(self.faults(case) if self.faults else ())
        play = Play(choose, stage.monitor, self.ends)
        try:
            for name, work in self.actors(case).items():
                stops = self.stops.get(name, STOPS.get(name[0]))
                play.add(Actor(name, stops), work)
            play.run()
        except Stuck as stuck:
            case.complaints.append(f"stuck: {stuck}")
        if self.finish:
            case.complaints += self.finish(case, play) or ()
        stage.spar.mapper.disarm()
        case.drain()
        wrong = case.check(play)
        stage.forget(case.people)
        return play.steps, wrong

    def explore(self, stage, budget, seed):
        """Play its permutations, all or so many by chance.

        :rtype: ~.explore.Explored
        """
        return explore(
            lambda choose: self.play(stage, choose),
            budget,
            random.Random(f"{seed} {self.name}"),
            [steps.split(", ") for steps in self.known],
        )

    def replay(self, stage, steps):
        """Play one order that was printed; return as :meth:`play`."""
        return self.play(stage, ByLabels(steps.split(", ")))
