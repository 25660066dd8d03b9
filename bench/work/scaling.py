"""The same user in two worlds, of which one has a hundred times the users and grants around him."""

import functools

from client import Script, Session, load, pgbench
from figures import round_robin
from work.identity import transactions
from work.reads import PAGE

TIMES = 100
MOST = 1.2
DOCS = 20_000


def measure(bench, table):
    given = bench.given
    # The larger world has as many users and grants as the one that all else was measured in, times ten.
    sizes = {"small": (max(given.users // 10, 10), given.grants // 10)}
    sizes["large"] = tuple(TIMES * n for n in sizes["small"])
    sessions = {}
    for world, (users, grants) in sizes.items():
        bench.super.run(f"CREATE DATABASE {world};")
        variables = {"docs": DOCS, "users": users, "grants": grants, "depth": given.depth, "projects": given.projects}
        load("world/grants.sql", world, **variables)
        load("world/documents.sql", world, **variables)
        sessions[world] = {role: Session(role, world) for role in ("postgres", "anna", "ben")}
        bench.say(f"{world} world: {users} users, {grants} grants")
    for name, unit, figures in figures_of(bench, sessions):
        bench.say(f"{name}: {figures}")
        ratio = figures.ratio("large", "small")
        table.alone(f"{name}, {TIMES} × the users and grants", figures.median("large"), unit,
                    also=f", {ratio:.2f} × the small world's", goal=f"≤ {MOST} ×", met=ratio <= MOST)
    for world, opened in sessions.items():
        for session in opened.values():
            session.close()
        bench.super.run(f"DROP DATABASE {world};")


def figures_of(bench, sessions):
    """Each per-statement figure in both worlds, in turns."""
    def both(measure):
        return round_robin(sessions, measure, bench.rounds)

    read = Script(f"\\set id random(1, {DOCS})\nSELECT title, payload FROM documents WHERE id = :id;\n")
    yield "SELECT by key", "µs", both(lambda world: 1e6 / pgbench("anna", read, bench.given.seconds, database=world))
    switch = transactions(functools.partial(bench.sign_in, "docacl"), lambda user: "SELECT title FROM documents WHERE id = 1;")
    yield "transaction of another user", "µs", both(lambda world: 5e5 / pgbench("pool", switch, bench.given.seconds, database=world))
    for user in ("anna", "ben"):
        text = {"first page": PAGE, "count(\\*)": "SELECT count(*) FROM {t} WHERE {seen}"}
        for name, statement in text.items():
            prepared = {world: of[user].prepare(statement.format(t="documents", seen="true")) for world, of in sessions.items()}
            yield f"{name}, {user}", "ms", both(lambda world: sessions[world][user].time(prepared[world]))
    asked = f"SELECT count(acl_can(i, 'read')) FROM generate_series(1, {DOCS}) AS i;"
    yield "acl_can about oneself", "µs", both(lambda world: sessions[world]["anna"].time(asked) * 1000 / DOCS)
    projects = {world: of["postgres"].one("SELECT min(id) FROM world.node WHERE kind = 'project' AND n IS NULL AND above % 5 = 2;")
                for world, of in sessions.items()}
    if all(projects.values()):
        yield "grant and revoke", "ms", both(lambda world: changed(sessions[world], projects[world], 10))
        yield "first SELECT by key after a grant to a role", "ms", both(lambda world: first_after(sessions[world], projects[world], 10))


def change(session, project, i):
    return session.time(f"SELECT acl_{('grant', 'revoke')[i % 2]}('Desk 1', 'change', 'project', {project});")


def changed(of, project, times):
    return sum(change(of["postgres"], project, i) for i in range(2 * times)) / times


def first_after(of, project, times):
    took = 0
    for i in range(2 * times):
        change(of["postgres"], project, i)
        took += of["anna"].time("SELECT title FROM documents WHERE id = 3;")
    return took / times / 2
