"""Statements that want few rows: by key, the first page, search."""

from client import Script, meanwhile, pgbench
from contenders import BY_NAME, PER_ROW
from figures import round_robin

PAGE = "SELECT id, title, payload FROM {t} WHERE {seen} ORDER BY id DESC LIMIT 50"
# A contender that signs in anew in each transaction reads so many rows in one.
READS_A_SIGN_IN = 20


def point_script(bench, name):
    """Reading one document of a million by its key."""
    read = bench.written(name, "anna", "SELECT title, payload FROM {t} WHERE id = :id AND {seen};")
    lines = [f"\\set id random(1, {bench.docs})", read]
    if BY_NAME[name].signs_in:
        lines = ["BEGIN;", bench.sign_in(name, "anna"), *(lines * READS_A_SIGN_IN), "COMMIT;"]
    return Script("\n".join(lines) + "\n")


def point(bench, table):
    scripts = {name: point_script(bench, name) for name in bench.names}
    reads = {name: READS_A_SIGN_IN if BY_NAME[name].signs_in else 1 for name in bench.names}

    def measure(name):
        return 1e6 / pgbench(BY_NAME[name].role.format("anna"), scripts[name], bench.given.seconds) / reads[name]

    if "rowstile" in bench.names:
        bench.note(f"rowstile's reads by key: {READS_A_SIGN_IN} of them in a transaction with one sign-in.")
    figures = round_robin(bench.names, measure, bench.rounds)
    bench.say(f"point: {figures}")
    anna = bench.session("anna")
    again = anna, anna.prepare("SELECT title, payload FROM documents WHERE id = 77")
    rates(table, "SELECT by key, prepared (pgbench)", figures, 0.9, again)
    noise = Script("UPDATE world.noise SET n = n + 1;\n")
    with meanwhile("postgres", noise):
        figures = round_robin(("none", "docacl"), measure, bench.rounds)
        bench.say(f"point while others commit: {figures}")
        rates(table, "SELECT by key while another session commits continuously", figures, 0.8, again)


def rates(table, name, figures, least, docacl):
    """The goal is in transactions a second, the figures are microseconds."""
    rate = figures.each(lambda took: 1 / took).ratio("docacl", "none")
    table.add(name, figures, "µs", f"{rate:.2f} × no row security's TPS", f"≥ {least} × TPS", rate >= least)
    if rate < least:
        table.missed(name, docacl)


def page(bench, table):
    for user, most in (("anna", None), ("ben", 1.3), ("cora", None)):
        # Functions per row would look at a million rows for whoever sees few of them.
        few = user == "cora" or user == "ben" and bench.docs > 1_000_000
        names = [n for n in bench.names if not (few and n in PER_ROW)]
        figures = bench.compare(user, PAGE, names)
        bench.say(f"first page of {user}: {figures}; {bench.plan('docacl', user, PAGE)}")
        table.compared(f"first page of 50, {user}", figures, "ms", [("constants", most, None)])
        figures = bench.planning(user, PAGE, bench.names)
        bench.say(f"planning the first page of {user}: {figures}")
        table.compared(f"planning the first page of 50, {user}", figures, "ms")


def search(bench, table):
    """A word in one title of five hundred, as a substring and as a lexeme."""
    trusted = bench.super.one("SELECT to_regproc('acl_trust_search') IS NOT NULL;") == "t"
    if trusted:
        bench.super.run("SELECT acl_trust_search(true);")
    else:
        bench.note("This version has no acl_trust_search: its searches cannot use the GIN indexes.")
    # `constants` is what the goal calls the same query without row security and its predicate written out.
    names = [n for n in bench.names if n not in PER_ROW]
    word = bench.super.one("SELECT word FROM world.word WHERE n = 77;")
    for name, condition in (("ILIKE", f"title ILIKE '%{word}%'"), ("@@", f"words @@ to_tsquery('simple', '{word}')")):
        statement = f"SELECT count(*), sum(id) FROM {{t}} WHERE {{seen}} AND {condition}"
        for user, most in (("ben", 1.3), ("anna", None)):
            figures = bench.compare(user, statement, names)
            bench.say(f"{name} of {user}: {figures}; {bench.plan('docacl', user, statement)}")
            table.compared(f"search with {name}, GIN, {user}", figures, "ms", [("constants", most, None)])


def measure(bench, table):
    bench.super.run("CREATE TABLE world.noise AS SELECT 1 AS n;")
    page(bench, table)
    point(bench, table)
    search(bench, table)
