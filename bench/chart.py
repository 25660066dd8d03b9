"""Draws result.json as a chart: for each kind of work, how long every contender takes beside docacl.

Run by `bench/run` in an environment that has matplotlib: chart.py result.json result.svg"""

import json
import sys

# No compiled files beside the sources.
sys.dont_write_bytecode = True

import matplotlib

matplotlib.use("svg")
# The same text for the same figures: no date, no random names of elements; letters stay letters.
matplotlib.rcParams.update({"svg.hashsalt": "docacl", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9})
from matplotlib import pyplot

from contenders import ALL

COLOURS = {"none": "#b8b8b8", "docacl": "#1f5fa8", "constants": "#7fb0dd", "hashed": "#e0a03c", "arrays": "#c9742c", "sql": "#a34a3a",
           "plpgsql": "#7a2f35", "rowstile": "#5d8c4f"}
# What the chart shows: rows whose names begin so.
SHOWN = ("count(\\*), anna sees", "count(\\*), ben sees", "sum over the last column, ben", "first page of 50, anna", "first page of 50, ben",
         "SELECT by key, prepared", "search with @@, GIN, ben", "join of two protected tables, anna", "transaction: who is asking", "INSERT", "UPDATE, five")


def main(data, file):
    with open(data, encoding="utf-8") as lines:
        rows = json.load(lines)
    found = [next((row for row in rows if row["name"].startswith(start) and row.get("docacl")), None) for start in SHOWN]
    found = [row for row in found if row]
    columns = 3
    lines = -(-len(found) // columns)
    figure, axes = pyplot.subplots(lines, columns, figsize=(11, 0.6 + 1.75 * lines), squeeze=False)
    for axis in axes.flat[len(found):]:
        axis.set_visible(False)
    for axis, row in zip(axes.flat, found):
        draw(axis, row)
    shown = [contender for contender in ALL if any(row.get(contender.name) for row in found)]
    figure.legend([pyplot.Rectangle((0, 0), 1, 1, color=COLOURS[contender.name]) for contender in shown],
                  [contender.label for contender in shown], loc="lower center", ncol=4, frameon=False)
    figure.suptitle("Time by contender, shorter is better (logarithmic; figures in the unit of each title)", fontsize=10)
    figure.tight_layout(rect=(0, 0.5 / figure.get_figheight(), 1, 0.99))
    figure.savefig(file, metadata={"Date": None})


def draw(axis, row):
    """One kind of work: a bar for each contender that did it."""
    names = [contender.name for contender in ALL if row.get(contender.name)]
    values = [row[name] for name in names]
    places = range(len(names))
    # Bars on a logarithmic axis begin somewhere: at half of the shortest.
    start = min(values) / 2
    axis.barh(places, [value - start for value in values], left=start, color=[COLOURS[name] for name in names])
    axis.set_xscale("log")
    axis.set_xlim(start, max(values) * 4)
    for place, value in zip(places, values):
        axis.text(value * 1.05, place, f"{value:,.0f}" if value >= 100 else f"{value:.3g}", va="center", fontsize=7.5)
    axis.set_yticks([])
    axis.invert_yaxis()
    axis.set_xticks([])
    axis.minorticks_off()
    for side in ("top", "right", "bottom"):
        axis.spines[side].set_visible(False)
    axis.set_title(f"{row['name'].replace(chr(92), '')}, {row['unit']}", fontsize=8.5, loc="left")


if __name__ == "__main__":
    main(*sys.argv[1:])
