"""Puts the main figures of result.md into README.md, between its marks. `bench/run --readme` does only this."""

import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- bench -->\n", "<!-- /bench -->"
# Rows of result.md by how they begin.
ROWS = ("count(\\*), anna sees", "count(\\*), ben sees", "first page of 50, anna", "first page of 50, ben", "join of two protected tables, anna",
        "SELECT by key, prepared", "search with @@, GIN, ben", "INSERT", "UPDATE, five")
COLUMNS = ("no row security", "docacl", "constants", "hashed sub-selects", "InitPlan arrays", "PL/pgSQL per row", "rowstile")
ALONE = ("acl_can about oneself, a call", "acl_can about 1000 others", "identity switch", "acl_login, an HS256 token",
         "what a grant to the user adds to the next SELECT by key", "ring of 10000 keys", "memory per held key", "scale: a world of", "scale: the slowest of", "scale: a tree of")


def write():
    """Rewrites the section of README.md."""
    result = (HERE / "result.md").read_text(encoding="utf-8")
    facts = dict(re.findall(r"^- ([^:\n]+): (.+)$", result, re.M))
    lines = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in result.splitlines() if line.startswith("| ")]
    head, rows = lines[0], [dict(zip(lines[0], line)) for line in lines[2:]]
    columns = [column for column in COLUMNS if column in head]

    def begins(start):
        return next((row for row in rows if row["measured"].startswith(start)), None)

    table = [["", *columns], ["---"] * (len(columns) + 1)]
    table += [[row["measured"], *(row[column] for column in columns)] for row in map(begins, ROWS) if row]
    alone = [f"{row['measured']}: {row['docacl']}" for row in map(begins, ALONE) if row]
    goals = [row for row in rows if row.get("goal")]
    missed = [row["measured"].lstrip("– ") for row in goals if row["met"] != "yes"]
    docs = int(re.search(r"^(\d+) documents", result, re.M)[1])
    text = f"""{facts['command']} on {facts['processor']}, PostgreSQL {facts['PostgreSQL']}, {docs:,} documents behind four gates; medians of
interleaved rounds, after every contender had returned the same answers. "constants" is the same query without row security and the user's keys
written into it, the least that a planner could make of it. All figures, and what holds those that miss their goal:
[bench/result.md](bench/result.md).

![Time by contender](bench/result.svg)

{chr(10).join("| " + " | ".join(row) + " |" for row in table)}

{'; '.join(alone)}.

Of {len(goals)} goals {len(goals) - len(missed)} are met{'. Not met: ' + '; '.join(missed) if missed else ''}.
"""
    readme = README.read_text(encoding="utf-8")
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(before + BEGIN + text + END + after, encoding="utf-8")
