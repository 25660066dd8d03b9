"""INSERT, UPDATE, and UPDATE of a gate's column, on tables of five gates, many rows a statement."""

from by_hand import GATES, policies
from client import Failed
from contenders import BY_NAME, PER_ROW
from figures import round_robin

TABLE = "world.five"
# Rows of later ids than any other.
NEW = 1_000_000_000
COLUMNS = "title, location_id, document_type_id, project_id, company_id, cabinet_id, created_by, payload"
# An array, so that every contender finds the rows by the primary key, and only the writing differs.
THESE = "d.id = ANY (ARRAY(SELECT id FROM {rows}))"
STATEMENTS = {
    "INSERT": f"INSERT INTO {{t}} AS d (id, {COLUMNS}) SELECT {NEW} + id, {COLUMNS} FROM {{rows}}",
    "UPDATE": f"UPDATE {{t}} AS d SET payload = 'changed ' || d.payload WHERE {THESE}",
    "UPDATE of a gate": f"UPDATE {{t}} AS d SET project_id = (SELECT other_project FROM {{rows}} s WHERE s.id = d.id) WHERE {THESE}",
}


def measure(bench, table):
    bench.super.run(policies(TABLE + "_by_hand", (*GATES, ("cabinet", "cabinet_id", False))))
    counts = {rows: int(bench.super.one(f"SELECT count(*) FROM {rows};")) for rows in ("world.sample", "world.few")}
    # Constants would be no protection, and rowstile has no table of five gates here.
    names = [n for n in bench.names if n not in ("constants", "rowstile")]
    for statement, text in STATEMENTS.items():
        for name in names:
            written(bench, name, text, counts, " RETURNING d.id")
        figures = round_robin(names, lambda name: written(bench, name, text, counts), bench.rounds, PER_ROW)
        bench.say(f"{statement}: {figures}")
        table.more(f"{statement}, five gates, per row of {counts['world.sample']}", figures, "µs",
                   10 if "gate" not in statement else None,
                   docacl=(bench.of("docacl", "anna"), f"BEGIN; {text.format(t=TABLE, rows='world.sample')}; ROLLBACK;"))


def written(bench, name, text, counts, returning=""):
    """Microseconds a row, of which nothing stays. With RETURNING it is seen whether every row was reached."""
    rows = "world.few" if name in PER_ROW else "world.sample"
    target = TABLE + BY_NAME[name].suffix
    session = bench.of(name, "anna")
    session.run("BEGIN;")
    answer = session.run(text.format(t=target, rows=rows) + returning + ";")
    took = session.milliseconds
    session.run("ROLLBACK;")
    # The next round finds the pages as this one did.
    bench.super.run(f"VACUUM {target};")
    if returning and len(answer) != counts[rows]:
        raise Failed(f"{name} wrote {len(answer)} of {counts[rows]} rows: {text}")
    return took * 1000 / counts[rows]
