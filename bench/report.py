"""The figures as a table, each beside its goal."""

HEAD = ("measured", "no row security", "docacl", "hashed sub-selects", "InitPlan arrays", "function per row",
        "docacl is", "goal", "met")
COLUMNS = ("none", "docacl", "hashed", "arrays", "per_row")


class Table:
    """Rows of figures and what was asked of them."""

    def __init__(self):
        self.rows = []
        self.goals = []

    def ratio(self, name, values, unit, most=None):
        """A measurement against none at all: so many times as long."""
        ratio = values["docacl"] / values["none"]
        self.add(name, values, unit, f"{ratio:.2f} ×", most and f"≤ {most} ×", most and ratio <= most)

    def difference(self, name, values, unit, most):
        """A measurement against none at all: so much more."""
        difference = values["docacl"] - values["none"]
        self.add(name, values, unit, f"{figure(difference)} {unit} more", f"≤ {most} {unit}", difference <= most)

    def alone(self, name, value, unit, goal=None, met=None, also=""):
        """A measurement that has no counterpart."""
        self.rows.append((name, "", f"{figure(value)} {unit}{also}" if value is not None else "not measured", "", "", "", "",
                          goal or "", verdict(goal, met)))
        self.goals.append((name, goal, met))

    def add(self, name, values, unit, compared, goal, met):
        cells = [f"{figure(values[c])} {unit}{' †' if c == 'per_row' and values.get('extrapolated') else ''}" if c in values else ""
                 for c in COLUMNS]
        self.rows.append((name, *cells, compared, goal or "", verdict(goal, met)))
        self.goals.append((name, goal, met))

    def markdown(self):
        rows = [HEAD, ("---",) + ("---:",) * 7 + ("---",), *self.rows]
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def verdict(goal, met):
    if not goal:
        return ""
    return {True: "yes", False: "**no**", None: "not measured"}[met]


def figure(value):
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
