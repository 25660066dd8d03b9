"""The figures as a table, each beside its goal, and the page around it."""

import json

from contenders import ALL, BY_NAME


class Table:
    """Rows of figures and what was asked of them."""

    def __init__(self, missed):
        # Told of each goal that is not met.
        self.missed = missed
        self.rows = []
        # For the chart and for whoever wants to calculate.
        self.data = []

    def compared(self, name, figures, unit, goals=(), against="none"):
        """A measurement by contender. A goal: the contender that docacl is compared with, the most times as long it may
        take, and in words if that needs any. Without goals, beside `against`."""
        if not goals and against in figures and against != "docacl":
            goals = ((against, None, None),)
        first = True
        for other, most, words in goals or ((None, None, None),):
            ratio = figures.ratio("docacl", other) if other in figures else None
            self.add(name if first else f"– {name}, beside {words or label(other)}", figures if first else None, unit,
                     f"{ratio:.2f} × {label(other)}" if ratio is not None else "",
                     f"≤ {most} ×" if most else "", ratio is not None and ratio <= most if most else None)
            if most and ratio is not None and ratio > most:
                self.missed(name, figures.docacl)
            first = False

    def more(self, name, figures, unit, most, other="none", docacl=None):
        """A measurement by contender: so much more than another."""
        difference = figures.difference("docacl", other)
        if most and difference > most:
            self.missed(name, docacl)
        self.add(name, figures, unit, f"{figure(difference)} {unit} more", f"≤ {most} {unit} more" if most else "",
                 difference <= most if most else None)

    def alone(self, name, value, unit, most=None, also="", goal=None, met=None, docacl=None):
        """A figure of docacl's own; `most` is the goal, or `goal` in words with `met`."""
        if most is not None:
            goal, met = f"≤ {most} {unit}", value is not None and value <= most
        if goal and not met:
            self.missed(name, docacl)
        cells = {"docacl": f"{figure(value)} {unit}{also}"} if value is not None else {}
        self.put(name, cells, "", goal or "", "not measured" if value is None else met)
        self.data.append({"name": name, "unit": unit, "docacl": value, "goal": goal, "met": met})

    def add(self, name, figures, unit, compared, goal, met):
        cells, medians = {}, {}
        for contender in ALL if figures else ():
            if contender.name in figures:
                medians[contender.name] = figures.median(contender.name)
                mark = " †" if contender.name in figures.extrapolated else ""
                cells[contender.name] = f"{figure(medians[contender.name])} {unit}{mark}"
        self.put(name, cells, compared, goal, met)
        self.data.append({"name": name, "unit": unit, **medians, "compared": compared, "goal": goal, "met": met})

    def put(self, name, cells, compared, goal, met):
        said = {True: "yes", False: "**no**", None: "", "not measured": "not measured"}[met] if goal else ""
        self.rows.append((name, *(cells.get(c.name, "") for c in ALL), compared, goal, said))

    def not_met(self):
        return [row[0] for row in self.rows if row[-2] and row[-1] != "yes"]

    def markdown(self):
        head = ("measured", *(c.label for c in ALL), "docacl is", "goal", "met")
        rows = [head, ("---",) + ("---:",) * (len(ALL) + 1) + ("---", "---"), *self.rows]
        # A contender that was not there at all leaves no empty column.
        kept = [i for i in range(len(head)) if any(row[i] for row in self.rows)]
        return "\n".join("| " + " | ".join(row[i] for i in kept) + " |" for row in rows)

    def json(self):
        return json.dumps(self.data, indent=1, ensure_ascii=False)


def label(name):
    """What the page calls a contender, or another thing that docacl is compared with."""
    return BY_NAME[name].label if name in BY_NAME else name


def figure(value):
    """Three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
