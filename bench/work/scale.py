"""A large installation, in a database of its own: how long making it takes, what each call of administration takes in it, and
what moving and deleting a tree of ten thousand places does to those who read."""

import statistics
import time

from client import Failed, Session, load

DATABASE = "scale"
FILES = ("application", "load", "grants", "documents", "people")
WHO = {"superuser": None, "admin": "u1", "holder of the rights": "u2"}
# Users whose view is compared with what the rules say.
SAMPLE = 100
# Calls that the page names.
NAMED = 20

# In this order, so that nothing is left of what a round makes: what is called, and how. {x} is new in every round, {n} a number
# that is, {doc} a document below Region 1, {deep} the path of the deepest place whose name thousands bear.
ANYBODY, ADMINS, PEOPLE = WHO, ("superuser", "admin"), ("admin", "holder of the rights")
CALLS = [(call, ANYBODY) for call in (
    "acl_create('environment', 'E {x}')",
    "acl_create('company', 'C {x}', 'E {x}')",
    "acl_create('client', 'C {x}', 'C {x}')",
    "acl_create('location', 'L {x}', parent => 'Region 1')",
    "acl_create('location', 'Invoices', parent => 'L {x}')",
    "acl_create('location', 'D {x}', parent => '{deep}')",
    "acl_create('location', 'N {x}', parent => 'Region 1', inherits => false)",
    "acl_create('document_type', 'T {x}')",
    "acl_create('project', 'P {x}')",
    "acl_create('function', 'F {x}')",
    "acl_create_role('R {x}')",
    "acl_create_user('U {x}', '{n}@scale.example', 'R {x}')",
    "acl_alter_user('U {x}', email => 'new{n}@scale.example', valid_until => '2100-01-01')",
    "acl_alter_role('R {x}', enabled => true)",
    "acl_assign('Role 7', 'U {x}')",
    "acl_assign('Role 8', 'R {x}')",
    "acl_grant('R {x}', 'view', 'location', 'Region 1')",
    "acl_grant('R {x}', 'view', 'location', '{deep}')",
    "acl_grant('R {x}', 'change', 'document_type', '*')",
    "acl_grant('R {x}', 'change', 'environment', 'Environment 1')",
    "acl_grant('everyone', 'view', 'location', 'L {x}/Invoices')",
    "acl_revoke('R {x}', 'view', 'location', '{deep}')",
    "acl_set_grant('R {x}', 'view, edit', 'location', 'Region 1')",
    "acl_copy_grants('R {x}', 'U {x}')",
    "acl_copy_resource_grants('location', 'L {x}/Invoices', 'N {x}')",
    "acl_apply_to_children('location', 'Region 1/L {x}')",
    "acl_rename('location', 'Region 1/L {x}', 'M {x}')",
    "acl_move('location', 'M {x}', 'Region 2')",
    "acl_move('company', 'C {x}', 'Environment 1')",
    "acl_set_inherits('location', 'M {x}', false, copy => true)",
    "acl_set_inherits('location', 'M {x}', true)",
    "acl_create_api_key('Environment 1', 'K {x}')",
    "acl_revoke_api_key('Environment 1', 'K {x}')",
    "acl_set('environment', 'E {x}', 'colour', '1')",
    "acl_set_account_option('project_creator', 'own')",
    "acl_enqueue('Inbox', {doc})",
    "acl_create_task({doc}, 'Approvers', true)")]
CALLS += [
    ("acl_claim('Inbox')", PEOPLE), ("acl_complete({item})", PEOPLE), ("acl_decide({task}, true)", PEOPLE),
    ("acl_create('queue', 'Q {x}')", ADMINS), ("acl_create_form('Form {x}', 'T {x}', 'M {x}')", ADMINS),
    ("acl_set_limit('location', 'N {x}', 'view')", ADMINS), ("acl_set_limit('location', 'N {x}', NULL)", ADMINS), ("acl_profile_option('-pae-{x}', true)", ADMINS),
    ("acl_drop('form', 'Form {x}')", ADMINS), ("acl_drop('queue', 'Q {x}')", ADMINS)]
CALLS += [(call, ANYBODY) for call in (
    # Of one row in a table of the application's that a mirror follows.
    "INSERT INTO app.keeper VALUES (2, 'u{keeper}')", "UPDATE app.keeper SET place_id = 3 WHERE person = 'u{keeper}' AND place_id = 2",
    "DELETE FROM app.keeper WHERE person = 'u{keeper}' AND place_id = 3",
    "INSERT INTO app.place VALUES ({n}, 'Mirrored', 1)", "UPDATE app.place SET parent_id = 2 WHERE id = {n}",
    "UPDATE app.place SET name = 'Renamed' WHERE id = {n}", "DELETE FROM app.place WHERE id = {n}",
    "INSERT INTO app.company VALUES ({n}, 'Mirrored {n}', 1)", "DELETE FROM app.company WHERE id = {n}",
    "INSERT INTO app.person VALUES ('u{n}', 'Mirrored {n}', '{n}@scale.example', 'r1')", "UPDATE app.person SET name = 'Renamed {n}' WHERE id = 'u{n}'",
    "INSERT INTO app.member VALUES ('r2', 'u{n}')", "DELETE FROM app.member WHERE person = 'u{n}'", "DELETE FROM app.person WHERE id = 'u{n}'",
    "acl_unassign('Role 8', 'R {x}')",
    "acl_drop('function', 'F {x}')", "acl_drop('project', 'P {x}')", "acl_drop('document_type', 'T {x}')",
    "acl_drop('location', '{deep}/D {x}')", "acl_drop('location', 'M {x}/Invoices')", "acl_drop('location', 'M {x}')", "acl_drop('location', 'N {x}')",
    "acl_drop('client', 'C {x}')", "acl_drop('company', 'C {x}')", "acl_drop('environment', 'E {x}')",
    "acl_drop_user('U {x}')", "acl_drop_role('R {x}')")]
# Apart: these switch triggers off for a moment, and PostgreSQL forgets a session's plans then, those of what comes next as well.
ROW_CALLS = [(call, ANYBODY) for call in (
    "acl_grant_row('Role 9', 'print', 'app.document', '{doc}')",
    "acl_set_row_inherits('app.document', '{doc}', false, copy => true)",
    "acl_revoke_row('Role 9', 'print', 'app.document', '{doc}')")]
ROW_CALLS += [("acl_reassign('User {leaver}', 'User 40')", ADMINS)]


def measure(bench, table):
    bench.super.run(f"CREATE DATABASE {DATABASE};")
    sizes = make(bench, table)
    admin = Session("postgres", DATABASE)
    admin.run("CHECKPOINT;")
    calls(bench, table, admin)
    moving(bench, table, admin, sizes["places"] // 2)
    deleting(bench, table, admin, sizes["places"] // 2)
    admin.close()
    bench.super.run(f"DROP DATABASE {DATABASE};")


def make(bench, table):
    docs = bench.given.scale
    sizes = {"docs": docs, "environments": docs // 5000, "companies": docs // 200, "users": docs // 20, "roles": docs // 500, "places": docs // 50}
    took = {}
    for file in FILES:
        began = time.monotonic()
        load(f"world/scale/{file}.sql", DATABASE, **sizes)
        took[file] = time.monotonic() - began
        bench.say(f"scale: {file}, {took[file]:.1f} s")
    what = ", ".join(f"{n} {name}" for name, n in sizes.items())
    table.alone(f"scale: a world of {what}, made", sum(took.values()), "s", 300,
                also=f" (mirrored {took['load']:.0f}, granted {took['grants']:.0f}, documents {took['documents']:.0f})")
    return sizes


def as_user(key):
    """A session of the application's pool, of one user."""
    session = Session("pool", DATABASE)
    session.run("SET max_parallel_workers_per_gather = 0;")
    become(session, key)
    return session


def become(session, key):
    session.run(f"SELECT acl_set_user('{key}', local => false);")


def calls(bench, table, admin):
    """Each call by itself, a transaction, as everybody who may; the median, and the slowest of all."""
    times = 20 if bench.rounds > 1 else 1
    below = """WITH RECURSIVE below (id, depth, path) AS (
        SELECT id, 1, '/' || name FROM app.place WHERE id = 1
        UNION ALL SELECT p.id, depth + 1, path || '/' || p.name FROM below JOIN app.place AS p ON p.parent_id = below.id) """
    deep = admin.one(below + "SELECT path FROM below WHERE path LIKE '%/Invoices' ORDER BY depth DESC, id LIMIT 1;")
    docs = iter(admin.run(below + f"SELECT id FROM app.document WHERE place_id IN (SELECT id FROM below) ORDER BY id LIMIT {2 * len(WHO) * times};"))
    rounds, number = {}, 9_000_000
    for who, key, group in [(who, key, group) for group in (CALLS, ROW_CALLS) for who, key in WHO.items()]:
        session = Session("postgres", DATABASE) if key is None else as_user(key)
        for _ in range(times):
            number += 1
            values = {"x": f"{number}", "n": number, "deep": deep, "doc": next(docs), "keeper": 100 + number % 100, "leaver": 100 + number % 100}
            for call, whose in group:
                if who not in whose:
                    continue
                text = call.format(**values)
                answer = session.run(f"{'SELECT ' if text.startswith('acl_') else ''}{text};")
                if call.startswith(("acl_claim", "acl_create_task")):
                    values["item" if "claim" in call else "task"] = answer[0]
                rounds.setdefault((who, call), []).append(session.milliseconds)
        session.close()
    medians = {of: statistics.median(took) for of, took in rounds.items()}
    for who in WHO:
        (slowest, call), = sorted(((took, call) for (of, call), took in medians.items() if of == who), reverse=True)[:1]
        said = call.split("(")[0] if call.startswith("acl_") else " ".join(call.split()[:3])
        many = sum(of == who for of, _ in medians)
        middle = statistics.median(took for (of, _), took in medians.items() if of == who)
        bench.say(f"scale: {who}: slowest {call} {slowest:.2f} ms, all {middle:.2f}")
        table.alone(f"scale: the slowest of {many} calls of administration, {who}", slowest, "ms", 5,
                    also=f" ({said}; half of them take at most {middle:.2f})")
    worst = {call: max(took for (_, of), took in medians.items() if of == call) for call, _ in CALLS + ROW_CALLS}
    bench.note("The slowest calls of administration in the large installation, medians in milliseconds of whomever they take longest: " +
               "; ".join(f"`{call}` {took:.2f}" for call, took in sorted(worst.items(), key=lambda item: -item[1])[:NAMED]) + ".")
    alone = [statistics.median(once(key, f"SELECT acl_grant('Role {100 + n}', 'print', 'location', 'Region 2');") for n in range(i, i + 5))
             for i, key in zip((0, 5, 10), WHO.values())] if bench.rounds > 1 else [0]
    table.alone("scale: the first call of a session, acl_grant", max(alone), "ms")
    loops(bench, table, admin, 1000 if bench.rounds > 1 else 10)


def once(key, call):
    """What a call takes that is the first of its session."""
    session = Session("postgres", DATABASE) if key is None else as_user(key)
    took = session.time(call)
    session.close()
    return took


def loops(bench, table, admin, many):
    """Calls in a loop and one transaction, as a migration would make them."""
    made = {"acl_create": "acl_create('location', 'Loop ' || i, parent => 'Region 3')", "acl_create_user": "acl_create_user('Loop ' || i, 'loop' || i || '@scale.example', 'Role 1')"}
    for name, call in made.items():
        took = admin.time(f"DO $$ BEGIN FOR i IN 1 .. {many} LOOP PERFORM {call}; END LOOP; END $$;")
        table.alone(f"scale: {name}, a call of {many} in a loop", took / many, "ms", 5)


def agree(bench, admin, pool):
    """What the sampled users see, by docacl and by the rules."""
    sample = SAMPLE if bench.rounds > 1 else SAMPLE // 10
    users = [f"u{3 + i * (bench.given.scale // 20) // sample}" for i in range(sample)]
    told = [admin.one(f"SELECT * FROM app.seen_by('{user}');") for user in users]
    for user, expected in zip(users, told):
        become(pool, user)
        seen = pool.one("SELECT count(*), coalesce(sum(hashint8extended(id, 42)::numeric), 0) FROM app.document WHERE id <= 10000;")
        if seen != expected:
            raise Failed(f"{user} sees {seen} where it should be {expected}")
    return told


def moving(bench, table, admin, size):
    """The tree of half of all places goes under another region and back."""
    tree = admin.one("SELECT id FROM docacl.resource WHERE kind = 'location' AND name = 'Tree 0';")
    pool = as_user("u3")
    before = agree(bench, admin, pool)
    admin.run(f"SELECT acl_move('location', {tree}, 'Region 2');")
    after = agree(bench, admin, pool)
    if before == after and bench.rounds > 1:
        raise Failed("moving half of all places changes what nobody sees")
    admin.run(f"SELECT acl_move('location', {tree}, 'Region 1');")
    if agree(bench, admin, pool) != before:
        raise Failed("what was moved back is not as it was")
    reads = {"SELECT by key": "SELECT title FROM app.document WHERE id = {};", "count(\\*) of 10000 rows": "SELECT count(*) FROM app.document WHERE id <= 10000;",
             "count(\\*)": "SELECT count(*) FROM app.document;"}
    moves, unchanged, next_reads = [], {read: [] for read in reads}, {read: [] for read in reads}
    # Of a role that holds the region from which the tree goes.
    become(pool, "u99")
    for i in range(2 * max(bench.rounds, 2)):
        for read, text in reads.items():
            for n in (1, 2):
                pool.run(text.format(n))
            unchanged[read].append(pool.milliseconds)
            moves.append(admin.time(f"SELECT acl_move('location', {tree}, 'Region {2 if len(moves) % 2 == 0 else 1}');"))
            next_reads[read].append(pool.time(text.format(3)))
    pool.close()
    table.alone(f"scale: a tree of {size} places moved", statistics.median(moves), "ms", 200, also=f" (at most {max(moves):.2f})")
    for read in reads:
        more = statistics.median(a - b for a, b in zip(next_reads[read], unchanged[read]))
        table.alone(f"scale: what that adds to the next {read} of another session", more, "ms",
                    also=f" (to {statistics.median(unchanged[read]):.2f}; at most {max(next_reads[read]):.2f} in all)")


def deleting(bench, table, admin, size):
    """A tree of as many places deleted by one statement on the application's table: with the mirror, and what PostgreSQL takes
    for it without."""
    took = {"mirrored": [], "not mirrored": []}
    for count in range(2 * min(bench.rounds, 3)):
        what = ("mirrored", "not mirrored")[count % 2]
        first = 20_000_000 + count * size
        copy = f"INSERT INTO app.place SELECT id + {first}, name || ' of {count}', CASE WHEN parent_id > 10 THEN parent_id + {first} ELSE 3 END FROM app.place WHERE id BETWEEN 11 AND 10 + {size};"
        if what == "not mirrored":
            admin.run("ALTER TABLE app.place DISABLE TRIGGER USER;")
        admin.run(copy)
        took[what].append(admin.time(f"DELETE FROM app.place WHERE id > {first};"))
        admin.run("ALTER TABLE app.place ENABLE ALWAYS TRIGGER docacl_mirror_location_insert; ALTER TABLE app.place ENABLE ALWAYS TRIGGER docacl_mirror_location_update;"
                  "ALTER TABLE app.place ENABLE ALWAYS TRIGGER docacl_mirror_location_delete; ALTER TABLE app.place ENABLE ALWAYS TRIGGER docacl_mirror_location_truncate;"
                  "VACUUM ANALYZE app.place;")
    more = statistics.median(a - b for a, b in zip(took["mirrored"], took["not mirrored"]))
    bench.say(f"scale: deleted {took}")
    table.alone(f"scale: a tree of {size} places dropped with the rows that it mirrors", more, "ms", 200,
                also=f" (above {statistics.median(took['not mirrored']):.0f} for the rows themselves)")
