"""Sessions of psql that stay open, and pgbench: all that the benchmark needs of a client."""

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile
import time

# Nothing that the developer's own files or settings say shall change what is measured.
ENVIRONMENT = dict(os.environ, PSQLRC="/dev/null", PGOPTIONS="-c client_min_messages=error")
END = "--- end of answer ---"


class Failed(Exception):
    """What psql or pgbench said before it gave up."""


class Session:
    """One psql, connected as one database role."""

    def __init__(self, role, database="postgres"):
        self.role = role
        self.psql = subprocess.Popen(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", role, "-d", database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=ENVIRONMENT, text=True, bufsize=1)
        self.milliseconds = None
        self.prepared = 0
        self.run(r"\timing on")

    def run(self, statement):
        """The lines of the answer; `milliseconds` is what psql's clock says of the last statement."""
        try:
            self.psql.stdin.write(f"{statement}\n\\echo {END}\n")
            self.psql.stdin.flush()
        except BrokenPipeError:
            pass
        answer = []
        for line in self.psql.stdout:
            line = line.rstrip("\n")
            if line == END:
                return answer
            took = re.fullmatch(r"Time: ([\d.]+) ms(?: \(.*\))?", line)
            if took:
                self.milliseconds = float(took[1])
            else:
                answer.append(line)
        raise Failed(f"{self.role}: {statement[:2000]}\n" + "\n".join(answer))

    def one(self, statement):
        """The only line of the answer."""
        (line,) = self.run(statement)
        return line

    def time(self, statement):
        """How long the statement took."""
        self.run(statement)
        return self.milliseconds

    def prepare(self, statement):
        """The statement that executes this one, planned once."""
        self.prepared += 1
        self.run(f"PREPARE s{self.prepared} AS {statement};")
        return f"EXECUTE s{self.prepared};"

    def close(self):
        self.psql.stdin.close()
        self.psql.stdout.close()
        self.psql.wait()


HERE = pathlib.Path(__file__).resolve().parent


def load(file, database="postgres", **variables):
    """Runs a file of SQL of this directory as the superuser."""
    arguments = [f"--set={name}={value}" for name, value in variables.items()]
    command(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, *arguments, "-f", str(HERE / file)])


def command(line, **environment):
    """Runs a program to its end; what it wrote to its output."""
    done = subprocess.run(line, env={**ENVIRONMENT, **environment}, text=True, capture_output=True)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, line))}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


class Script:
    """A transaction for pgbench: `SELECT … :id …`, with the lines of its own language that it needs."""

    def __init__(self, text, weight=1):
        self.weight = weight
        # Named by an open file, which goes when this does.
        self.file = tempfile.NamedTemporaryFile("w", prefix="docacl-bench-", suffix=".sql")
        self.file.write(text)
        self.file.flush()


def pgbench_line(role, scripts, seconds, clients, database, rate):
    line = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", str(clients), "-U", role]
    line += ["-T", str(seconds)] if seconds else ["-t", "100"]
    if rate:
        line += ["-R", str(rate)]
    for script in scripts:
        line += ["-f", f"{script.file.name}@{script.weight}"]
    return [*line, database]


def pgbench(role, scripts, seconds, clients=1, database="postgres"):
    """Transactions a second of these scripts, prepared."""
    scripts = [scripts] if isinstance(scripts, Script) else scripts
    told = command(pgbench_line(role, scripts, seconds, clients, database, None))
    tps = re.search(r"^tps = ([\d.]+)", told, re.M)
    failed = re.search(r"^number of failed transactions: ([1-9]\d*)", told, re.M)
    if not tps or failed:
        raise Failed(told)
    return float(tps[1])


@contextlib.contextmanager
def meanwhile(role, script, rate=None, database="postgres"):
    """pgbench of one client in the background, as fast as it can or so many transactions a second."""
    line = pgbench_line(role, [script], 3600, 1, database, rate)
    running = subprocess.Popen(line, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(0.2)
        yield
        if running.poll() is not None:
            raise Failed(f"{' '.join(line)}\n{running.stderr.read()}")
    finally:
        running.terminate()
        running.wait()
        running.stderr.close()
