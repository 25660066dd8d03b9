"""rowstile as a contender: the same documents and grants under the rules that it compiles into row security."""

import os
import pathlib

from client import Failed, command, load
from packages import program

HERE = pathlib.Path(__file__).resolve().parent
OLDEST = 16


def set_up(bench):
    """Whether rowstile takes part."""
    if int(bench.super.one("SHOW server_version_num;")) // 10_000 < OLDEST:
        bench.note(f"rowstile wants PostgreSQL {OLDEST}: with PG=18 it takes part.")
        return False
    rowstile = program("rowstile", "rowstile", bench.say)
    if rowstile is None:
        bench.note("SKIPPED: rowstile could not be installed from PyPI.")
        return False
    load("world/tiled.sql")
    where = f"host={os.environ['PGHOST']} port={os.environ['PGPORT']} user=postgres dbname=postgres"
    try:
        version = command([str(rowstile), "--version"]).split("\n")[0]
        command([str(rowstile), "apply", str(HERE / "world" / "tiled.authz"), "--db", where])
    except Failed as failed:
        bench.note(f"SKIPPED: rowstile did not take the rules of world/tiled.authz: {str(failed).splitlines()[-1]}")
        bench.say(str(failed))
        return False
    bench.super.run("ANALYZE;")
    bench.names.append("rowstile")
    bench.note(f"{version} with the rules of `world/tiled.authz`, which say what the four gates say: references, trees, roles.")
    return True
