"""The measurements. Every comparison goes round robin, so that what else the machine does meets all contenders alike."""

import os
import statistics
import tempfile

from client import Failed, Session, pgbench

USERS = ("anna", "ben")
# How to find each contender: the table, and the database role of a user there. The order is that of the columns.
CONTENDERS = {
    "none": ("world.plain", lambda user: "plain"),
    "docacl": ("documents", lambda user: user),
    "hashed": ("world.by_hand", lambda user: f"{user}_hashed"),
    "arrays": ("world.by_hand", lambda user: f"{user}_arrays"),
    "per_row": ("world.by_hand", lambda user: f"{user}_per_row"),
}
# What any condition on a row costs, whatever it decides: the floor of every policy.
FLOOR = {
    "heap": "true",
    "one comparison": "location_id >= 0",
    "four comparisons": "location_id >= 0 AND document_type_id >= 0 AND (project_id IS NULL OR project_id >= 0) AND company_id >= 0",
}
# A function per row takes minutes for a million rows: it gets this many, and its time is multiplied.
PER_ROW_ROWS = 20_000
# So many rows refer to nearly every resource of the world, and are few enough to see what finding those keys costs.
KEYED_ROWS = 10_000


class Bench:
    """A loaded world and the sessions in it."""

    def __init__(self, docs, rounds, say):
        self.docs, self.rounds, self.say = docs, rounds, say
        self.sessions = {}
        self.super = self.session("postgres")

    def session(self, role):
        """The session of a role, opened once."""
        if role not in self.sessions:
            self.sessions[role] = Session(role)
        return self.sessions[role]

    def of(self, contender, user):
        """The table of a contender and a user's session there."""
        table, role = CONTENDERS[contender]
        return table, self.session(role(user))

    def round_robin(self, contenders, measure):
        """The median per contender of `measure(contender)`; one round before the first is not counted."""
        kept = {c: [] for c in contenders}
        for count in range(self.rounds + 1):
            for contender in contenders:
                value = measure(contender)
                if count:
                    kept[contender].append(value)
        return {c: statistics.median(values) for c, values in kept.items()}

    # What must be equal before anything is timed.

    def same_rows(self):
        """The rows of each user, the same from every contender, or an exception. As a superuser counts them, too."""
        seen = {}
        for user in USERS:
            all_rows = {c: self.rows(c, user, self.docs) for c in ("docacl", "hashed", "arrays")}
            first = min(PER_ROW_ROWS, self.docs)
            first_rows = {c: self.rows(c, user, first) for c in ("docacl", "per_row")}
            for rows in (all_rows, first_rows):
                if len(set(rows.values())) != 1:
                    raise Failed(f"{user} does not see the same rows everywhere: {rows}")
            seen[user] = int(all_rows["docacl"].split("|")[0])
            if not 0 < seen[user] < self.docs:
                raise Failed(f"{user} sees {seen[user]} of {self.docs} rows: nothing would be measured")
            self.say(f"{user}: {seen[user]} rows, the same from every contender")
        return seen

    def rows(self, contender, user, upto):
        table, session = self.of(contender, user)
        return session.one(f"SELECT count(*), sum(hashint8extended(id, 42)::numeric) FROM {table} WHERE id <= {upto};")

    def grants(self, user):
        """Roles and grants of a user."""
        return self.super.one(
            "WITH me AS (SELECT id FROM docacl.principal WHERE name = '%s'), mine AS (SELECT role_id AS id FROM docacl.membership"
            " JOIN me ON member_id = me.id WHERE revoked_at IS NULL UNION SELECT id FROM me)"
            " SELECT (SELECT count(*) - 1 FROM mine), count(*) FROM docacl.grants JOIN mine ON principal_id = mine.id"
            " WHERE revoked_at IS NULL;" % user).split("|")

    # The measurements.

    def count(self, user, workers):
        """Milliseconds of count(*) by contender, and the plan's scan."""
        scans = {}

        def measure(contender):
            table, session = self.of(contender, user)
            if contender == "per_row":
                upto = min(PER_ROW_ROWS, self.docs)
                return session.time(f"SELECT count(*) FROM {table} WHERE id <= {upto};") * self.docs / upto
            return session.time(f"SELECT count(*) FROM {table};")

        contenders = list(CONTENDERS) if workers == 0 else [c for c in CONTENDERS if c != "per_row"]
        for contender in contenders:
            table, session = self.of(contender, user)
            session.run(f"SET max_parallel_workers_per_gather = {workers};")
            plan = session.run(f"EXPLAIN (COSTS OFF) SELECT count(*) FROM {table};")
            # The scan of the table itself: sub-selects scan others.
            name = table.split(".")[-1]
            scans[contender] = next(line.strip(" ->").split(" using ")[0].split(" on ")[0] for line in plan
                                    if " Scan" in line and f" on {name}" in line and "Index Scan on" not in line)
        return self.round_robin(contenders, measure), scans

    def floor(self):
        """Milliseconds of count(*) of the unprotected table, read row by row, without and with plain comparisons."""
        session = Session("plain")
        session.run("SET max_parallel_workers_per_gather = 0; SET enable_indexonlyscan = off;"
                    " SET enable_indexscan = off; SET enable_bitmapscan = off;")
        took = self.round_robin(FLOOR, lambda name: session.time(f"SELECT count(*) FROM world.plain WHERE {FLOOR[name]};"))
        session.close()
        return took

    def point(self, seconds):
        """Microseconds of a point SELECT by primary key, prepared, by contender."""
        scripts = {}
        for contender, (table, _) in CONTENDERS.items():
            file = tempfile.NamedTemporaryFile("w", prefix="docacl-point-", suffix=".sql")
            file.write(f"\\set id random(1, :docs)\nSELECT title, payload FROM {table} WHERE id = :id;\n")
            file.flush()
            scripts[contender] = file
        return self.round_robin(CONTENDERS, lambda c: 1e6 / pgbench(
            CONTENDERS[c][1]("anna"), scripts[c].name, seconds, docs=self.docs))

    def questions(self):
        """Answers a second of acl_can, asked by a superuser about anna, and by anna about herself."""
        asked = min(50_000, self.docs)
        # Documents far apart: no question profits from the page of the one before.
        ids = f"SELECT 1 + (i * 7919) % {self.docs} AS id FROM generate_series(1, {asked}) AS i"
        of = {
            "another": (self.super, f"SELECT count(acl_can('anna', id, 'read')) FROM ({ids}) AS asked;"),
            "oneself": (self.session("anna"), f"SELECT count(acl_can(id, 'read')) FROM ({ids}) AS asked;"),
        }
        for who, (session, statement) in of.items():
            if session.one(statement) != str(asked):
                raise Failed(f"acl_can about {who} left questions without an answer")
        return self.round_robin(of, lambda who: asked * 1000 / of[who][0].time(of[who][1]))

    def after_changes(self, times):
        """Milliseconds of the first statement of an open session after others changed what it may see."""
        anna = self.session("anna")
        anna.run("SET max_parallel_workers_per_gather = 0;")
        anna.run("PREPARE point(bigint) AS SELECT title, payload FROM documents WHERE id = $1;")
        project, other = self.super.one(
            "SELECT a.id, b.id FROM world.node a, world.node b WHERE a.kind = 'project' AND a.n IS NULL AND a.above = 2"
            " AND b.kind = 'project' AND b.n IS NULL AND b.above = 7;").split("|")
        child = self.super.one("SELECT id FROM world.node WHERE kind = 'project' AND above = 2 AND n = 0;")
        changes = {
            "no change": lambda i: None,
            "grant": lambda i: self.super.one(
                f"SELECT acl_{('grant', 'revoke')[i % 2]}('anna', 'change', 'project', {project});"),
            "role grant": lambda i: self.super.one(
                f"SELECT acl_{('grant', 'revoke')[i % 2]}('Desk 1', 'change', 'project', {project});"),
            "move": lambda i: self.super.run(f"SELECT acl_move('project', {child}, {(other, project)[i % 2]});"),
        }
        statements = {"point": "EXECUTE point({});", "count": f"SELECT count(*) FROM documents WHERE id <= {KEYED_ROWS};"}
        took = {}
        for statement, text in statements.items():
            kept = {change: [] for change in changes}
            # An even number, so that nothing stays changed.
            for i in range(2 * (times // 2)):
                for change, make in changes.items():
                    anna.run(text.format(1))
                    anna.run(text.format(2))
                    make(i)
                    kept[change].append(anna.time(text.format(3)))
            for change, values in kept.items():
                took[statement, change] = (statistics.median(values), max(values))
        return took

    def writes(self):
        """Microseconds a row of INSERT, UPDATE, and UPDATE of a gate column, 10,000 rows a statement."""
        rows = int(self.super.one("SELECT count(*) FROM world.sample;"))
        columns = "title, location_id, document_type_id, project_id, company_id, created_by, payload"
        # An array, so that every contender finds the rows by the primary key, and only the writing differs.
        these = "d.id = ANY (ARRAY(SELECT id FROM world.sample))"
        statements = {
            "INSERT": "INSERT INTO {table} (id, %s) SELECT 1000000000 + id, %s FROM world.sample;" % (columns, columns),
            "UPDATE": "UPDATE {table} AS d SET payload = 'changed ' || d.payload WHERE %s;" % these,
            "UPDATE of a gate": "UPDATE {table} AS d SET project_id = (SELECT other_project FROM world.sample s WHERE s.id = d.id)"
                                " WHERE %s;" % these,
        }
        contenders = [c for c in CONTENDERS if c != "per_row"]

        def measure(contender, statement):
            table, session = self.of(contender, "anna")
            session.run("BEGIN;")
            took = session.time(statement.format(table=table))
            if session.one(f"SELECT count(*) FROM {table} WHERE id >= 1000000000;") != (str(rows) if "INSERT" in statement else "0"):
                raise Failed(f"{contender} did not write what was asked")
            session.run("ROLLBACK;")
            # The next round finds the pages as this one did.
            self.super.run(f"VACUUM {table};")
            return took * 1000 / rows

        # The whole of an UPDATE must reach every row: RETURNING once, uncounted.
        for contender in contenders:
            table, session = self.of(contender, "anna")
            for name, statement in statements.items():
                if name != "INSERT":
                    session.run("BEGIN;")
                    returned = len(session.run(statement.format(table=table).replace(";", " RETURNING d.id;")))
                    session.run("ROLLBACK;")
                    if returned != rows:
                        raise Failed(f"{contender}: {name} reached {returned} of {rows} rows")
            self.super.run(f"VACUUM {table};")
        return rows, {name: self.round_robin(contenders, lambda c: measure(c, statement))
                      for name, statement in statements.items()}

    def explaining(self, users):
        """Milliseconds of acl_explain about anna for one document, and of acl_who for one, among so many users."""
        self.super.run(
            "INSERT INTO docacl.principal (account_id, kind, name, email)"
            " SELECT account_id, 'user', 'more ' || i, 'more' || i || '@bench.example'"
            f" FROM generate_series(1, {users} - (SELECT count(*) FROM docacl.principal WHERE kind = 'user')) AS i,"
            " docacl.principal WHERE name = 'anna' AND kind = 'user';"
            "INSERT INTO docacl.membership (account_id, role_id, member_id) SELECT u.account_id, r.id, u.id"
            " FROM docacl.principal u, docacl.principal r WHERE u.name LIKE 'more %' AND r.kind = 'role'"
            " AND r.name = 'Team ' || (u.id % 60); ANALYZE docacl.principal, docacl.membership;")
        ids = [1 + i * 7919 % self.docs for i in range(max(self.rounds, 20))]
        explain = [self.super.time(f"SELECT count(*) FROM acl_explain('anna', {i}, 'read');") for i in ids]
        who = [self.super.time(f"SELECT count(*) FROM acl_who({i}, 'read');") for i in ids]
        may = int(self.super.one(f"SELECT count(*) FROM acl_who({ids[-1]}, 'read');"))
        return statistics.median(explain), statistics.median(who), may

    def checking(self, tables):
        """Milliseconds of acl_check over so many protected tables with four gates each, and how much it found."""
        self.super.run("CREATE SCHEMA checked;" + "".join(
            f"CREATE TABLE checked.t{i} (id bigint PRIMARY KEY, place bigint, type bigint, project bigint, company bigint, list bigint);"
            for i in range(tables)))
        gates = ", ".join(f'"{gate}": {{"column": "{column}", "by": "id"}}' for gate, column in (
            ("location", "place"), ("document_type", "type"), ("project", "project"), ("company", "company")))
        for i in range(tables):
            self.super.run(f"""SELECT acl_protect('checked.t{i}', '{{{gates}}}', '{{"own_acl": "list"}}');""")
        found = int(self.super.one("SELECT count(*) FROM acl_check();"))
        took = statistics.median(self.super.time("SELECT count(*) FROM acl_check();") for _ in range(self.rounds))
        self.super.run("SET client_min_messages = warning; DROP SCHEMA checked CASCADE; RESET client_min_messages;")
        return took, found

    def memory(self, keys):
        """Bytes per key: as docacl accounts for them, and as the system sees the server's process grow.

        A table of one document for each of many projects; one user after the other counts in one session, so that
        the second one's keys are all that is new."""
        self.super.run(
            "INSERT INTO docacl.resource (account_id, kind, inherits, name) SELECT account_id, 'project', true, 'Many ' || i"
            f" FROM generate_series(1, {keys}) AS i, docacl.principal WHERE name = 'anna' AND kind = 'user';"
            "CREATE TABLE world.many AS SELECT id, id AS project_id FROM docacl.resource WHERE name LIKE 'Many %';"
            "ALTER TABLE world.many ADD PRIMARY KEY (id); GRANT SELECT ON world.many TO app; VACUUM ANALYZE world.many;")
        self.super.run("""SELECT acl_protect('world.many', '{"project": {"column": "project_id", "by": "id"}}', '{"key": "id"}');""")
        self.super.run("CREATE ROLE server LOGIN IN ROLE app; SELECT acl_trust('server');")
        server = Session("server")
        server.run("SET max_parallel_workers_per_gather = 0; SET enable_indexonlyscan = off;")
        grown = []
        process = server.one("SELECT pg_backend_pid();")
        for user in ("anna", "ben", "user 1", "user 2", "user 3", "user 4"):
            server.run(f"SELECT acl_set_user('{user}', local => false);")
            before = resident(process)
            server.run("SELECT count(*) FROM world.many;")
            grown.append((resident(process) - before) / keys)
        accounted = None
        if self.super.one("SELECT to_regprocedure('docacl.cache()') IS NOT NULL;") == "t":
            self.super.run("GRANT USAGE ON SCHEMA docacl TO server; GRANT EXECUTE ON FUNCTION docacl.cache() TO server;")
            held, size = server.one("SELECT keys, bytes FROM docacl.cache();").split("|")
            accounted = int(size) / int(held)
        server.close()
        # The first user's share holds what is kept of the resources themselves, too.
        return accounted, statistics.median(grown[1:]), grown[0]


def resident(process):
    """Bytes of anonymous memory of a process."""
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))


def machine(bench):
    """What was measured on."""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "unknown processor")
    with open("/proc/meminfo", encoding="ascii") as info:
        memory = int(next(line for line in info if line.startswith("MemTotal")).split()[1]) // 1024 // 1024
    settings = ("shared_buffers", "work_mem", "fsync", "jit", "max_parallel_workers_per_gather")
    return {
        "processor": f"{model}, {os.cpu_count()} cores, {memory} GB",
        "PostgreSQL": bench.super.one("SHOW server_version;"),
        "settings": ", ".join(f"{s} = {bench.super.one(f'SHOW {s};')}" for s in settings),
    }
