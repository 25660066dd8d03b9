"""Another user in the same session: what saying so costs, with the next statement."""

from client import Script, pgbench
from contenders import PER_ROW
from figures import round_robin

# Two transactions, of two users in turn, so that every one of them switches.
TURNS = ("anna", "ben")


def transactions(first, second):
    """A script of a transaction for each user."""
    return Script("".join(f"BEGIN;\n{first(user)}\n{second(user)}\nCOMMIT;\n" for user in TURNS))


def measure(bench, table):
    bench.super.run(f"CREATE TABLE world.one AS SELECT * FROM documents WHERE id = {row_of_both(bench)}; ALTER TABLE world.one ADD PRIMARY KEY (id);"
                    "GRANT SELECT ON world.one TO app; ANALYZE world.one;")
    bench.super.run("""SELECT acl_protect('world.one', '{"location": "location_id", "document_type": "document_type_id",
        "project": "project_id", "company": "company_id"}', '{"key": "id"}');""")
    empty = "SELECT 1;"
    switch = {
        "empty": ("pool", transactions(lambda user: empty, lambda user: empty)),
        "switch": ("pool", transactions(lambda user: bench.sign_in("docacl", user), lambda user: "SELECT title FROM world.one;")),
    }
    figures = round_robin(switch, lambda name: 1e6 / len(TURNS) / pgbench(*switch[name], bench.given.seconds), bench.rounds)
    bench.say(f"switch: {figures}")
    more = figures.difference("switch", "empty")
    table.alone("identity switch and first statement, above two empty statements", more, "µs", 15,
                also=f" (transaction {figures.median('switch'):.0f}, empty {figures.median('empty'):.0f})",
                docacl=(bench.session("pool"), " ".join(f"BEGIN; {bench.sign_in('docacl', user)} SELECT title FROM world.one; COMMIT;" for user in TURNS)))
    # The same with a document of a million, for those who have other ways to say who is asking.
    names = [n for n in bench.names if n not in PER_ROW]
    scripts = {name: transactions(
        lambda user: bench.sign_in(name, user),
        lambda user: f"\\set id random(1, {bench.docs})\n" + bench.written(name, user, "SELECT title FROM {t} WHERE id = :id AND {seen};"))
        for name in names}
    figures = round_robin(names, lambda n: 1e6 / len(TURNS) / pgbench(bench.pool(n), scripts[n], bench.given.seconds), bench.rounds)
    bench.say(f"transaction of another user: {figures}")
    table.compared("transaction: who is asking, then SELECT by key", figures, "µs")


def row_of_both(bench):
    """A document that the first user sees: the statement has something to show."""
    return bench.session(TURNS[0]).one("SELECT min(id) FROM documents;")
