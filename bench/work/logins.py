"""Logging in: a token that is new to the backend, one that it has seen, and what a pooled transaction pays for it."""

import base64
import json
import subprocess
import tempfile
import time

from client import Script, pgbench
from figures import round_robin

USER = "anna"
SECRET = "a secret of the benchmark, 32 bytes"


def measure(bench, table):
    bench.super.run(f"SELECT acl_add_token_key('bench', 'HS256', '{SECRET}');")
    many = 500
    shared = bench.super.run(f"SELECT acl_issue_token('{USER}', '1 day') FROM generate_series(1, {many * (bench.rounds + 2)});")
    figures = round_robin({"new": None, "seen": None, "nothing": None}, Calls(bench, shared, many).cost, bench.rounds)
    bench.say(f"login with an HS256 token: {figures}")
    table.alone("acl_login, an HS256 token that is new to the backend", figures.difference("new", "nothing"), "µs", 20)
    table.alone("acl_login, a token that the backend has seen", figures.difference("seen", "nothing"), "µs", 5)
    tokens = ed25519(bench, 50 * (bench.rounds + 2))
    if tokens:
        figures = round_robin({"new": None, "nothing": None}, Calls(bench, tokens, 50).cost, bench.rounds)
        bench.say(f"login with an Ed25519 token: {figures}")
        table.alone("acl_login, an Ed25519 token that is new to the backend", figures.difference("new", "nothing"), "µs", 120)
    read = f"\\set id random(1, {bench.docs})\nSELECT title FROM documents WHERE id = :id;"
    # The token goes in as it would from an application; the other transaction is of a database role that is the user.
    transactions = {
        "login": ("pool", Script(f"BEGIN;\nSELECT acl_login('{shared[0]}');\n{read}\nCOMMIT;\n")),
        "set_config": (bench.of("docacl", USER).role, Script(f"BEGIN;\nSELECT set_config('app.user_id', '{bench.ids[USER]}', true);\n{read}\nCOMMIT;\n")),
    }
    figures = round_robin(transactions, lambda name: 1e6 / pgbench(*transactions[name], bench.given.seconds), bench.rounds)
    bench.say(f"pooled transaction: {figures}")
    table.alone("pooled transaction with acl_login / with set_config", figures.ratio("login", "set_config"), "×", 1.15)


class Calls:
    """Calls of acl_login from a table of tokens, in microseconds each."""

    def __init__(self, bench, tokens, many):
        self.pool, self.many, self.at = bench.session("pool"), many, 0
        self.pool.run("CREATE TEMP TABLE IF NOT EXISTS token (n int, token text); TRUNCATE token;")
        rows = ", ".join(f"({n}, '{token}')" for n, token in enumerate(tokens))
        self.pool.run(f"INSERT INTO token VALUES {rows}; ANALYZE token;")

    def cost(self, what):
        call = "length(token)" if what == "nothing" else "acl_login(token, false)"
        if what == "new":
            self.at += self.many
        took = self.pool.time(f"SELECT count({call}) FROM token WHERE n >= {self.at - self.many} AND n < {self.at};")
        self.pool.run("SELECT acl_logout();")
        return took * 1000 / self.many


def ed25519(bench, many):
    """Tokens signed by openssl; none where it is not there."""
    def coded(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    with tempfile.TemporaryDirectory() as place:
        def openssl(*arguments):
            return subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=place).stdout
        try:
            openssl("genpkey", "-algorithm", "ed25519", "-out", "key")
        except FileNotFoundError:
            bench.say("no openssl: Ed25519 tokens are not measured")
            return []
        public = openssl("pkey", "-in", "key", "-pubout").decode().strip()
        bench.super.run(f"SELECT acl_add_token_key('bench-ed', 'EdDSA', '{public}');")
        header = coded(json.dumps({"alg": "EdDSA", "kid": "bench-ed"}).encode())
        tokens = []
        for n in range(many):
            claims = {"sub": USER, "account": "main", "exp": int(time.time()) + 86400, "jti": str(n)}
            message = f"{header}.{coded(json.dumps(claims).encode())}"
            with open(f"{place}/message", "w", encoding="ascii") as file:
                file.write(message)
            tokens.append(f"{message}.{coded(openssl('pkeyutl', '-sign', '-inkey', 'key', '-rawin', '-in', 'message'))}")
        return tokens
