"""Two clients reading, paging and writing, with and without 50 grants a second to other users and to their own roles."""

import contextlib

from client import Script, meanwhile, pgbench
from figures import round_robin
from work.reads import PAGE

GRANTS_A_SECOND = 50


def measure(bench, table):
    def transaction(user, statement, weight):
        return Script(f"\\set id random(1, {bench.docs})\nBEGIN;\n{bench.sign_in('docacl', user)}\n{statement};\nCOMMIT;\n", weight)

    load = [
        transaction("anna", "SELECT title, payload FROM documents WHERE id = :id", 6),
        transaction("ben", "SELECT title, payload FROM documents WHERE id = :id", 6),
        transaction("anna", bench.written("docacl", "anna", PAGE), 1),
        transaction("ben", bench.written("docacl", "ben", PAGE), 1),
        transaction("anna", "UPDATE documents SET payload = payload WHERE id = :id", 2),
    ]
    # One grant in ten goes to a role of the users that are measured; whatever is granted is revoked.
    programmes = bench.super.run("SELECT id FROM world.node WHERE kind = 'project' AND n IS NULL AND above % 5 = 2 ORDER BY 1 LIMIT 20;")
    grants = Script(f"""\\set other random(0, {bench.given.users - 1})
\\set role random(0, 4)
\\set mine random(0, 9)
\\set project random(1, {len(programmes)})
\\set revoke random(0, 1)
SELECT CASE WHEN :revoke::int = 0 THEN acl_grant(who, 'read', 'project', project) ELSE acl_revoke(who, 'read', 'project', project) END
FROM (SELECT CASE WHEN :mine::int = 0 THEN 'Desk ' || :role::text ELSE 'user ' || :other::text END AS who,
      (ARRAY[{', '.join(programmes)}]::bigint[])[:project::int] AS project) AS given;
""")
    background = {"alone": contextlib.nullcontext, "granting": lambda: meanwhile("postgres", grants, GRANTS_A_SECOND)}

    def tps(way):
        with background[way]():
            return pgbench("pool", load, bench.given.seconds * 2, clients=2)

    figures = round_robin(background, tps, bench.rounds)
    bench.say(f"mixed load: {figures}")
    ratio = figures.ratio("granting", "alone")
    table.alone(f"mixed load of 2 clients with {GRANTS_A_SECOND} grants a second", figures.median("granting"), "TPS",
                also=f", {ratio:.2f} × the {figures.median('alone'):.0f} TPS without them", goal="≥ 0.9 ×", met=ratio >= 0.9)
    bench.super.run("VACUUM documents;")
