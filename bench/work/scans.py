"""Statements that read many rows: counts, sums, joins, and the table that acl_create_documents makes."""

from client import Failed
from contenders import PER_ROW

# What any condition on a row costs, whatever it decides, for a session that row security does not judge.
WRITTEN = {
    "one written comparison": "company_id >= 0",
    "four written comparisons": "location_id >= 0 AND document_type_id >= 0 AND (project_id IS NULL OR project_id >= 0) AND company_id >= 0",
}
HAND = ("hashed", "arrays", "sql", "plpgsql")


def part(bench):
    """The rows that functions per row get, and how many times they go into all."""
    return f"id <= {bench.per_row_rows}", bench.docs / bench.per_row_rows


def exempt(bench):
    """A session that reads docacl's own table unjudged, row by row."""
    session = bench.session("postgres", "postgres")
    session.run("SET enable_indexonlyscan = off; SET enable_indexscan = off; SET enable_bitmapscan = off;")
    return session


def count(bench, table, seen):
    for user, share in (("anna", None), ("ben", 1.1), ("cora", None)):
        statement = "SELECT count(*) FROM {t} WHERE {seen}"
        names = bench.names if user != "cora" else [n for n in bench.names if n not in PER_ROW]
        session = exempt(bench)
        also = {name: (session, f"SELECT count(*) FROM documents WHERE {condition}") for name, condition in WRITTEN.items()}
        figures = bench.compare(user, statement, names, part=part(bench), also=also if user == "anna" else None)
        session.run("RESET ALL; SET max_parallel_workers_per_gather = 0;")
        bench.say(f"count of {user}: {figures}")
        goals = [("constants", share, None)]
        if user == "anna":
            one, four = WRITTEN
            best = figures.best(*HAND)
            goals = [(written, most, f"{written} of an exempt session, {figures.median(written):.1f} ms") for written, most in ((one, 1.0), (four, 0.9))]
            goals += [(best, 0.5, "the best policy by hand"), ("none", None, None), ("constants", None, None)]
        table.compared(f"count(\\*), {user} sees {100 * seen[user] / bench.docs:.2g} %", figures, "ms", goals)
        scans = ", ".join(f"{name} {bench.plan(name, user, statement)}" for name in names if name not in PER_ROW)
        bench.note(f"Scans that PostgreSQL chose for {user}'s count: {scans}.")


def parallel(bench, table):
    names = [n for n in bench.names if n not in (*PER_ROW, "rowstile")]
    for name in names:
        bench.of(name, "anna").run("SET max_parallel_workers_per_gather = 2;")
    figures = bench.compare("anna", "SELECT count(*) FROM {t} WHERE {seen}", names)
    for name in names:
        bench.of(name, "anna").run("SET max_parallel_workers_per_gather = 0;")
    table.compared("count(\\*), anna, 2 parallel workers", figures, "ms")


def wide(bench, table):
    for user in ("anna", "ben"):
        names = [n for n in bench.names if n not in PER_ROW]
        figures = bench.compare(user, "SELECT sum(length(payload)) FROM {t} WHERE {seen}", names)
        bench.say(f"sum of {user}: {figures}")
        table.compared(f"sum over the last column, {user}", figures, "ms", against="constants")


def join(bench, table):
    """Documents with those of the same author: both sides are filtered."""
    statement = ("SELECT count(*), max(f.id) FROM (SELECT * FROM {t} WHERE {seen}) AS d"
                 " JOIN (SELECT * FROM {t} WHERE {seen}) AS f ON f.id = d.id + 1 WHERE d.id % 3 = 0")
    names = [n for n in bench.names if n not in PER_ROW]
    for user in ("anna", "ben"):
        figures = bench.compare(user, statement, names)
        bench.say(f"join of {user}: {figures}")
        table.compared(f"join of two protected tables, {user}", figures, "ms", against="constants")


def full(bench, table):
    """Everything that a documents table may have, beside the same table for an exempt session."""
    upto = min(20_000, bench.docs)
    anna = bench.session("anna")
    rows = "SELECT count(*), sum(hashint8extended(id, 42)::numeric) FROM world.complete WHERE id <= {}"
    answers = {
        "the policies": anna.one(rows.format(upto) + ";"),
        # Another way to the same answer, row by row.
        "acl_can_row": bench.super.one(rows.format(upto) + " AND acl_can_row('anna', 'world.complete', id::text, 'read');"),
    }
    if len(set(answers.values())) != 1:
        raise Failed(f"anna does not see the same rows of the full documents table: {answers}")
    seen = int(anna.one("SELECT count(*) FROM world.complete;"))
    bench.say(f"full shape: anna sees {seen}")
    count = "SELECT count(*) FROM world.complete"
    plan = {"docacl": (anna, count), "none": (bench.super, count)}
    figures = bench.compare("anna", count, [], also=plan)
    bench.say(f"full shape: {figures}")
    table.compared(f"count(\\*) of a full documents table, anna sees {100 * seen / bench.docs:.2g} %", figures, "ms", [("none", 2.2, None)])


def worklist(bench, table):
    """What one may do, asked of each row: planned as a policy is."""
    if bench.super.one("SELECT to_regproc('acl_may') IS NOT NULL;") != "t":
        return
    for user in ("anna", "ben"):
        asked = {"docacl": "SELECT count(*) FROM documents AS d WHERE acl_may(d, 'write')", "count": "SELECT count(*) FROM documents"}
        figures = bench.compare(user, asked["docacl"], [], also={name: (bench.session(user), text) for name, text in asked.items()})
        bench.say(f"worklist of {user}: {figures}")
        table.alone(f"count(\\*) of what acl_may(row, 'write') finds, {user}", figures.median("docacl"), "ms",
                    also=f" ({figures.ratio('docacl', 'count'):.2f} × count(\\*))")


def measure(bench, table):
    seen = bench.same_rows()
    count(bench, table, seen)
    parallel(bench, table)
    wide(bench, table)
    join(bench, table)
    full(bench, table)
    worklist(bench, table)
