"""A loaded world, the sessions in it, and comparisons of contenders: first equal answers, then the time."""

from by_hand import WAYS, written_out
from client import Failed, Session
from contenders import ALL, BY_NAME, PER_ROW
from figures import round_robin
from profiling import profile

USERS = ("anna", "ben", "cora")
# A function per row takes minutes for a million rows: it gets this many at most, and its time is multiplied.
PER_ROW_ROWS = 2000


class Bench:
    def __init__(self, given, say):
        self.given, self.say = given, say
        self.docs, self.rounds = given.docs, given.rounds
        self.per_row_rows = min(PER_ROW_ROWS, self.docs // 50)
        self.sessions = {}
        self.super = self.session("postgres")
        self.names = [contender.name for contender in ALL if contender.name != "rowstile"]
        # Filled by `world_is_loaded`.
        self.predicates, self.ids = {}, {}
        # Sentences for the page, from measurements that could not be made as meant.
        self.notes = []
        # By measurement whose goal is not met: where the time goes.
        self.profiles = {}

    def world_is_loaded(self):
        self.predicates = {user: written_out(self.super, user) for user in USERS}
        self.ids = {user: self.super.one(f"SELECT id FROM docacl.principal WHERE name = '{user}' AND kind = 'user';") for user in USERS}

    def note(self, sentence):
        if sentence not in self.notes:
            self.notes.append(sentence)
            self.say(sentence)

    def missed(self, name, docacl):
        """Called for each goal that is not met: `docacl` is the session and the statement, where there is one."""
        if docacl and self.given.profile and name not in self.profiles:
            self.profiles[name] = profile(*docacl)

    # Sessions.

    def session(self, role, database="postgres"):
        """The session of a role, opened once."""
        if (role, database) not in self.sessions:
            self.sessions[role, database] = session = Session(role, database)
            # One process each; what two workers more bring is a measurement of its own.
            session.run("SET max_parallel_workers_per_gather = 0;")
        return self.sessions[role, database]

    def of(self, name, user):
        """A user's session with a contender."""
        contender = BY_NAME[name]
        if not contender.signs_in:
            return self.session(contender.role.format(user))
        # One session for each user, in a transaction that stays open: reads only.
        if (contender.role, user) not in self.sessions:
            session = Session(contender.role)
            session.run("SET max_parallel_workers_per_gather = 0;")
            session.run(f"BEGIN; {self.sign_in(name, user)}")
            self.sessions[contender.role, user] = session
        return self.sessions[contender.role, user]

    def sign_in(self, name, user):
        """What a transaction of a session for everybody says first."""
        if name == "docacl":
            return f"SELECT acl_set_user('{user}');"
        if name == "rowstile":
            return f"SELECT authz.act_as('user', '{self.ids[user]}');"
        if name in WAYS:
            return f"SELECT set_config('app.user_id', '{self.ids[user]}', true);"
        return "SELECT 1;"

    def pool(self, name):
        """The database role of a session for everybody."""
        return {"docacl": "pool", "rowstile": "tiled", "none": "plain", "constants": "plain"}.get(name, f"pool_{name}")

    def seen(self, name, user):
        """The condition that a contender's own statement has to carry."""
        return self.predicates[user] if name == "constants" else "true"

    def written(self, name, user, statement, table=None):
        """A statement for a contender: {t} is its table, {seen} what it has to say itself."""
        contender = BY_NAME[name]
        return statement.format(t=(table + contender.suffix) if table else contender.table, seen=self.seen(name, user))

    # Comparisons.

    def agree(self, user, statement, names, table=None):
        """The answers to a statement, the same from every contender that is done in time, or an exception."""
        answers = {name: self.answer(name, user, self.written(name, user, statement, table)) for name in names}
        answers = {name: answer for name, answer in answers.items() if answer is not None}
        if len({"\n".join(answer) for answer in answers.values()}) != 1:
            raise Failed(f"{user} does not see the same everywhere: {statement}\n" +
                         "\n".join(f"{name}: {answer[:5]}" for name, answer in answers.items()))
        for name in names:
            if name not in answers:
                self.note(f"{BY_NAME[name].label}: not done after {self.given.patience} seconds, and left out: `{statement.format(t='documents', seen='true')}`, {user}.")
        return answers

    def answer(self, name, user, statement):
        """The lines of an answer, or None if it takes too long; the session is lost then."""
        session = self.of(name, user)
        session.run(f"SET statement_timeout = '{self.given.patience}s';")
        try:
            answer = session.run(statement + ";")
        except Failed as failed:
            if "statement timeout" not in str(failed):
                raise
            self.sessions = {key: kept for key, kept in self.sessions.items() if kept is not session}
            return None
        session.run("RESET statement_timeout;")
        return answer

    def same_rows(self):
        """How many rows each user sees, the same from every contender by count and hash."""
        rows = "SELECT count(*), sum(hashint8extended(id, 42)::numeric) FROM {t} WHERE {seen}"
        whole = [name for name in self.names if name not in ("none", *PER_ROW)]
        # rowstile is set up where it can be had; the functions see the first rows only, and are compared on those.
        seen = {}
        for user in USERS:
            count, _ = self.agree(user, rows, whole)["docacl"][0].split("|")
            self.agree(user, rows + f" AND id <= {self.per_row_rows}", ["docacl", *PER_ROW])
            seen[user] = int(count)
            if seen[user] == self.docs or seen[user] == 0 and user != "cora":
                raise Failed(f"{user} sees {seen[user]} of {self.docs} rows: nothing would be measured")
            self.say(f"{user}: {seen[user]} rows, the same from every contender")
        return seen

    def compare(self, user, statement, names, table=None, part=None, also=None):
        """Milliseconds of a statement by contender, prepared, after all gave the same answer ("none" apart: it sees
        more). `part`: a condition that stands in for the whole with functions per row, and how many times it goes into
        it. `also`: statements of other sessions in the same rounds, by name."""
        def text(name):
            limit = f" AND {part[0]}" if part and name in PER_ROW else ""
            return self.written(name, user, statement.replace("{seen}", "{seen}" + limit), table)

        judged = [n for n in names if n != "none" and not (part and n in PER_ROW)]
        if judged:
            answers = self.agree(user, statement, judged, table)
            names = [n for n in names if n not in judged or n in answers]
        times = {name: part[1] if part and name in PER_ROW else 1 for name in names}
        asked = {name: (self.of(name, user), text(name)) for name in names} | (also or {})
        prepared = {name: (session, session.prepare(sql)) for name, (session, sql) in asked.items()}
        figures = round_robin(prepared, lambda n: prepared[n][0].time(prepared[n][1]) * times.get(n, 1), self.rounds, PER_ROW)
        figures.extrapolated = {name for name in names if times[name] != 1}
        figures.docacl = prepared.get("docacl")
        return figures

    def planning(self, user, statement, names):
        """Milliseconds of planning a statement, which prepared ones do once."""
        def measure(name):
            lines = self.of(name, user).run("EXPLAIN (SUMMARY) " + self.written(name, user, statement) + ";")
            return next(float(line.split()[2]) for line in lines if line.startswith("Planning Time:"))
        return round_robin(names, measure, self.rounds)

    def plan(self, name, user, statement, table=None):
        """The kind of scan of a contender's table."""
        lines = self.of(name, user).run("EXPLAIN (COSTS OFF) " + self.written(name, user, statement, table) + ";")
        short = (table + BY_NAME[name].suffix if table else BY_NAME[name].table).split(".")[-1]
        return next((line.strip(" ->").split(" using ")[0].split(" on ")[0] for line in lines
                     if " Scan" in line and f" on {short}" in line and "Index Scan on" not in line), "?")
