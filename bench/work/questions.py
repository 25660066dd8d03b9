"""Questions by function: acl_can, acl_explain, acl_who, acl_check."""

import statistics

from client import Failed
from figures import round_robin


def can(bench, table):
    asked = min(20_000, bench.docs)
    users = min(1000, bench.given.users)
    # Documents far apart: no question profits from the page of the one before.
    ids = f"SELECT 1 + (i * 7919) % {bench.docs} AS id, 'user ' || i % {users} AS name FROM generate_series(1, {asked}) AS i"
    of = {
        "oneself": (bench.session("anna"), f"SELECT count(acl_can(id, 'read')) FROM ({ids}) AS asked;", 10),
        "another": (bench.super, f"SELECT count(acl_can('anna', id, 'read')) FROM ({ids}) AS asked;", None),
        f"{users} others in turn": (bench.super, f"SELECT count(acl_can(name, id, 'read')) FROM ({ids}) AS asked;", 20),
    }
    for who, (session, statement, _) in of.items():
        if session.one(statement) != str(asked):
            raise Failed(f"acl_can about {who} left questions without an answer")
    # What making the questions costs is no part of an answer.
    nothing = f"SELECT count(id), count(name) FROM ({ids}) AS asked;"
    figures = round_robin(of, lambda who: (of[who][0].time(of[who][1]) - of[who][0].time(nothing)) * 1000 / asked, bench.rounds)
    bench.say(f"acl_can: {figures}")
    for who, (_, _, most) in of.items():
        table.alone(f"acl_can about {who}, a call, in one statement", figures.median(who), "µs", most, docacl=of[who][:2])


def explaining(bench, table, users=10_000):
    bench.super.run(
        "INSERT INTO docacl.principal (account_id, kind, name, email)"
        " SELECT account_id, 'user', 'more ' || i, 'more' || i || '@bench.example'"
        f" FROM generate_series(1, {users} - (SELECT count(*) FROM docacl.principal WHERE kind = 'user')) AS i,"
        " docacl.principal WHERE name = 'anna' AND kind = 'user';"
        "INSERT INTO docacl.membership (account_id, role_id, member_id) SELECT u.account_id, r.id, u.id"
        " FROM docacl.principal u, docacl.principal r WHERE u.name LIKE 'more %' AND r.kind = 'role'"
        " AND r.name = 'Team ' || (u.id % 60); ANALYZE docacl.principal, docacl.membership;")
    ids = [1 + i * 7919 % bench.docs for i in range(max(bench.rounds, 20))]
    explain = [bench.super.time(f"SELECT count(*) FROM acl_explain('anna', {i}, 'read');") for i in ids]
    who = [bench.super.time(f"SELECT count(*) FROM acl_who({i}, 'read');") for i in ids]
    may = bench.super.one(f"SELECT count(*) FROM acl_who({ids[-1]}, 'read');")
    table.alone("acl_explain, one document", statistics.median(explain), "ms", 1)
    table.alone(f"acl_who, one document, {users} users", statistics.median(who), "ms", 20, also=f" ({may} may)")


def checking(bench, table, tables=100):
    bench.super.run("CREATE SCHEMA checked;" + "".join(
        f"CREATE TABLE checked.t{i} (id bigint PRIMARY KEY, place bigint, type bigint, project bigint, company bigint, list bigint);"
        for i in range(tables)))
    gates = ", ".join(f'"{gate}": {{"column": "{column}", "by": "id"}}' for gate, column in (
        ("location", "place"), ("document_type", "type"), ("project", "project"), ("company", "company")))
    for i in range(tables):
        bench.super.run(f"""SELECT acl_protect('checked.t{i}', '{{{gates}}}', '{{"own_acl": "list"}}');""")
    found = bench.super.one("SELECT count(*) FROM acl_check();")
    took = statistics.median(bench.super.time("SELECT count(*) FROM acl_check();") for _ in range(bench.rounds))
    bench.super.run("DROP SCHEMA checked CASCADE;")
    table.alone(f"acl_check, {tables} more protected tables", took, "ms", 200, also=f" ({found} findings)")


def measure(bench, table):
    can(bench, table)
    explaining(bench, table)
    checking(bench, table)
