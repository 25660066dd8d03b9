"""What was measured of several contenders in interleaved rounds."""

import statistics

SLOW_ROUNDS = 2


class Figures:
    """By contender, one value a round."""

    def __init__(self, rounds):
        self.rounds = rounds
        # Contenders of whom only a part was measured, and multiplied.
        self.extrapolated = set()
        # docacl's session and statement, where they can be asked again.
        self.docacl = None

    def __contains__(self, contender):
        return contender in self.rounds

    def median(self, contender):
        return statistics.median(self.rounds[contender])

    def ratio(self, contender, other):
        """The median of each round's ratio: what disturbed a round, disturbed both."""
        return statistics.median(a / b for a, b in zip(self.rounds[contender], self.rounds[other]))

    def difference(self, contender, other):
        return statistics.median(a - b for a, b in zip(self.rounds[contender], self.rounds[other]))

    def best(self, *contenders):
        """Who of these was quickest."""
        return min((c for c in contenders if c in self.rounds), key=self.median)

    def each(self, change):
        """The same with every value changed."""
        return Figures({c: [change(value) for value in values] for c, values in self.rounds.items()})

    def __str__(self):
        return ", ".join(f"{c} {self.median(c):.4g}" for c in self.rounds)


def round_robin(contenders, measure, rounds, slow=()):
    """`measure(contender)` of each in turn; one round before the first is not counted. The slow ones, a hundred times
    behind, take part in the first rounds only."""
    kept = {c: [] for c in contenders}
    for count in range(rounds + 1):
        for contender in contenders:
            if contender not in slow or count <= SLOW_ROUNDS:
                value = measure(contender)
                if count:
                    kept[contender].append(value)
    return Figures(kept)
