"""What it takes to find out what a user holds, and to keep it: rings of 300 to 100,000 keys, in a database of their own."""

import statistics

from client import Session, load
from figures import round_robin

DATABASE = "rings"
USERS = 5
GOALS = {300: 1, 10_000: 10, 100_000: 100}


def measure(bench, table):
    bench.super.run(f"CREATE DATABASE {DATABASE};")
    admin = Session("postgres", DATABASE)
    admin.run("CREATE EXTENSION docacl; CREATE SCHEMA world; GRANT USAGE ON SCHEMA world TO app; SELECT acl_trust('pool');"
              "GRANT USAGE ON SCHEMA docacl TO pool; GRANT EXECUTE ON FUNCTION docacl.cache() TO pool;")
    for keys in bench.given.rings:
        load("world/ring.sql", DATABASE, keys=keys, users=USERS)
        compiled(bench, table, keys)
    admin.run("ANALYZE;")
    memory(table, max(bench.given.rings))
    workers(bench, table, max(bench.given.rings))
    admin.close()
    bench.super.run(f"DROP DATABASE {DATABASE};")


def session(keys):
    pool = Session("pool", DATABASE)
    pool.run("SET max_parallel_workers_per_gather = 0;")
    return pool, pool.prepare(f"SELECT count(*) FROM world.ring_{keys}")


def turn(pool, keys, user):
    pool.run(f"SELECT acl_set_user('ring {keys} {user}', local => false);")


def compiled(bench, table, keys):
    """The first statement of a user, without what the same statement takes when his ring is there."""
    pool, count = session(keys)
    took = []
    for user in range(1, USERS + 1):
        turn(pool, keys, user)
        first = pool.time(count)
        took.append(first - statistics.median(pool.time(count) for _ in range(5)))
    pool.close()
    # The first user brings in what is kept of the resources themselves.
    bench.say(f"ring of {keys}: {took}")
    table.alone(f"ring of {keys} keys compiled", statistics.median(took[1:]), "ms", GOALS.get(keys),
                also=f" (first in a session {took[0]:.1f})")


def memory(table, keys):
    """Bytes per key: as docacl accounts for them, and as the system sees the server's process grow."""
    pool, count = session(keys)
    process = pool.one("SELECT pg_backend_pid();")
    grown = []
    for user in range(1, USERS + 1):
        turn(pool, keys, user)
        before = resident(process)
        pool.run(count)
        grown.append((resident(process) - before) / keys)
    held, size = pool.one("SELECT keys, bytes FROM docacl.cache();").split("|")
    pool.close()
    table.alone(f"memory per held key, {keys} keys, as docacl accounts", int(size) / int(held), "bytes", 24)
    table.alone(f"growth of the process per held key, {keys} keys", statistics.median(grown[1:]), "bytes", 24,
                also=f" (first user {grown[0]:.0f})")


def workers(bench, table, keys):
    """A count by two parallel workers: with the leader's ring, and where each compiles its own, as in SERIALIZABLE."""
    pool, _ = session(keys)
    turn(pool, keys, 1)
    count = f"SELECT count(*) FROM world.ring_{keys};"
    # The leader knows all keys.
    pool.run(count)
    pool.run("SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;")
    if not any("Workers Planned: 2" in line for line in pool.run(f"EXPLAIN {count}")):
        bench.note(f"ring of {keys} keys: PostgreSQL plans no workers.")
        pool.close()
        return

    def took(level):
        pool.run(f"BEGIN ISOLATION LEVEL {level};")
        pool.time(count)
        # COMMIT has a time of its own.
        milliseconds = pool.milliseconds
        pool.run("COMMIT;")
        return milliseconds

    figures = round_robin(("READ COMMITTED", "SERIALIZABLE"), took, bench.rounds)
    pool.close()
    bench.say(f"ring of {keys}, by workers: {figures}")
    table.alone(f"count(\\*) by 2 workers, ring of {keys} keys", figures.median("READ COMMITTED"), "ms",
                also=f" ({figures.median('SERIALIZABLE'):.1f} where each compiles the ring)")


def resident(process):
    """Bytes of anonymous memory of a process."""
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))
