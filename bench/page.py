"""The page that a run prints: what was measured on, the table, and what one has to know to read it."""

import datetime
import os
import pathlib
import sys
import time

from client import Failed, command
from figures import SLOW_ROUNDS
from packages import PLACE, program

HERE = pathlib.Path(__file__).resolve().parent


class Page:
    def __init__(self, given, started):
        self.given, self.started = given, started
        self.load_before = os.getloadavg()[1]

    def text(self, bench, table):
        given = self.given
        facts = "\n".join(f"- {name}: {value}" for name, value in self.facts(bench).items())
        world = ", ".join(f"{user} is in {roles} roles and has {grants} grants" for user, roles, grants in holdings(bench))
        notes = "\n".join(f"- {note}" for note in bench.notes)
        return f"""# What docacl costs

{facts}

{given.docs} documents behind four gates (location, document type, project, company; one in ten without a project); {world};
{given.users} other users and {given.grants} other grants around them. Every contender first returned the same answers. Medians
of {given.rounds} interleaved rounds, ratios the median of each round's; one client, one process unless said otherwise; statements
are prepared.

{table.markdown()}

† measured on the first {bench.per_row_rows} documents and multiplied; functions per row take part in the first {SLOW_ROUNDS} rounds only.
Statements, worlds and policies are in `work/`, `world/` and `by_hand.py`. "constants" is the same query without row security,
with the user's keys written out as arrays: the least a planner could make of it. Policies by hand have it easier than docacl:
their trees are flattened beforehand, nothing in them expires, they do not check references, and who is asking is a setting that
anybody may change.

{notes}
{profiles(bench)}"""

    def facts(self, bench):
        """What was measured on, and how."""
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "unknown processor")
        with open("/proc/meminfo", encoding="ascii") as info:
            memory = int(next(line for line in info if line.startswith("MemTotal")).split()[1]) // 1024 // 1024
        settings = ("shared_buffers", "work_mem", "fsync", "jit")
        # A short name for what `make` was told.
        command_line = "make bench" + (f' ARGS="{" ".join(sys.argv[1:])}"' if len(sys.argv) > 1 else "")
        return {
            "command": f"`{command_line}`",
            "processor": f"{model}, {os.cpu_count()} cores, {memory} GB",
            "PostgreSQL": bench.super.one("SHOW server_version;"),
            "settings": ", ".join(f"{s} = {bench.super.one(f'SHOW {s};')}" for s in settings),
            "load average": f"{self.load_before:.1f} before the run, {os.getloadavg()[1]:.1f} at its end (1 is the run itself)",
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
            "run took": f"{time.monotonic() - self.started:.0f} s",
        }

    def chart(self, bench, table, file):
        """Drawn by matplotlib, in its own environment; without it there is no chart."""
        python = program("matplotlib", "python", bench.say)
        if python is None:
            return
        data = PLACE / "result.json"
        data.write_text(table.json(), encoding="utf-8")
        try:
            command([str(python), str(HERE / "chart.py"), str(data), str(file)])
        except Failed as failed:
            bench.say(f"SKIPPED: no chart: {failed}")


def profiles(bench):
    """Where the time goes of what misses its goal."""
    if not bench.profiles:
        return ""
    said = "\n\n".join(f"{name}\n\n" + "\n".join("    " + line for line in lines) for name, lines in bench.profiles.items())
    return f"""
## What holds the goals that are not met

By perf, of the server's process while it repeats the statement.

{said}
"""


def holdings(bench):
    """Each user with his roles and grants."""
    for user, number in bench.ids.items():
        yield user, *bench.super.one(
            f"WITH mine AS (SELECT role_id AS id FROM docacl.membership WHERE member_id = {number} AND revoked_at IS NULL UNION SELECT {number})"
            " SELECT (SELECT count(*) - 1 FROM mine), count(*) FROM docacl.grants JOIN mine ON principal_id = mine.id"
            " WHERE revoked_at IS NULL;").split("|")
