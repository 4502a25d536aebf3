"""Which permutations of a spec are played: every one, or so many by chance."""

import itertools
from dataclasses import dataclass, field

#: Repetitions by pure chance after which there seem to be few orders; one more for each
#: so many orders.
REPETITIONS, ANOTHER = 8, 3
#: How often the order of priority changes, of all steps.
CHANGES = 0.15


@dataclass
class Explored:
    """The result of one spec.

    ``orders`` are the distinct orders of steps that were played, each once; ``wrong``
    has what did not hold by the order it was seen in.
    """

    orders: set = field(default_factory=set)
    wrong: dict = field(default_factory=dict)
    is_every: bool = False


def explore(play, budget, chance, known=()):
    """Play the permutations of a spec.

    By chance until orders come again and again; then, as there are few, every one.

    :param Callable play: plays one, with a function that chooses among labels; returns
        its order of steps and what did not hold.
    :param int budget: how many at most.
    :param random.Random chance: chooses.
    :param known: orders that were wrong once; they are always played.
    :rtype: Explored
    """
    found = Explored()
    for steps in known:
        _play(play, ByLabels(steps), found)
    repeated = 0
    # Alternating: one spreads the steps, the other lets an actor get far ahead.
    for picker in itertools.cycle([ByChance, ByPriority]):
        if len(found.orders) >= budget:
            break
        is_new = _play(play, picker(chance), found)
        repeated += picker is ByChance and not is_new
        if repeated > REPETITIONS + len(found.orders) // ANOTHER:
            _play_every(play, budget, found)
            break
    return found


def _play(play, picker, found):
    order, wrong = play(picker)
    order = tuple(order)
    is_new = order not in found.orders
    found.orders.add(order)
    if wrong:
        found.wrong[order] = wrong
    return is_new


def _play_every(play, budget, found):
    """Depth first: the last choice that could have been another one is."""
    prefix = []
    for _number in range(budget):
        picker = ByPrefix(prefix)
        _play(play, picker, found)
        prefix = picker.next_prefix()
        if prefix is None:
            found.is_every = True
        if found.is_every or len(found.orders) >= budget:
            return


class ByPriority:
    """Lets one actor go on for long, and now and then another one before it.

    :param random.Random chance: who comes first, and when that changes.
    """

    def __init__(self, chance):
        self._chance = chance
        self._ranks = {}

    def __call__(self, labels):
        names = [label.partition(".")[0] for label in labels]
        for name in names:
            self._ranks.setdefault(name, self._chance.random())
        if self._chance.random() < CHANGES:
            self._ranks[self._chance.choice(names)] = self._chance.random()
        return max(range(len(names)), key=lambda place: self._ranks[names[place]])


class ByChance:
    """Chooses by chance."""

    def __init__(self, chance):
        self._chance = chance

    def __call__(self, labels):
        return self._chance.randrange(len(labels))


class ByPrefix:
    """Chooses the given actors first, then always the first one.

    :param list prefix: places of the first choices.
    """

    def __init__(self, prefix):
        self._prefix = prefix
        self._taken, self._sizes = [], []

    def __call__(self, labels):
        step = len(self._taken)
        place = self._prefix[step] if step < len(self._prefix) else 0
        # Where PostgreSQL was faster once than another time, there may be fewer.
        place = min(place, len(labels) - 1)
        self._taken.append(place)
        self._sizes.append(len(labels))
        return place

    def next_prefix(self):
        """Return the prefix of the next permutation, or None after the last one."""
        for step in range(len(self._taken) - 1, -1, -1):
            if self._taken[step] + 1 < self._sizes[step]:
                return [*self._taken[:step], self._taken[step] + 1]
        return None


class ByLabels:
    """Plays an order that was printed; where that is not possible, the first.

    :param list steps: labels.
    """

    def __init__(self, steps):
        self._steps = list(steps)

    def __call__(self, labels):
        for place, step in enumerate(self._steps):
            if step in labels:
                del self._steps[: place + 1]
                return labels.index(step)
        return 0
