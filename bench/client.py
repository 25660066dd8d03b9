"""Sessions of psql that stay open, and pgbench: all that the benchmark needs of a client."""

import os
import re
import subprocess

# Nothing that the developer's own files or settings say shall change what is measured.
ENVIRONMENT = dict(os.environ, PSQLRC="/dev/null", PGOPTIONS="-c client_min_messages=error")
END = "--- end of answer ---"


class Failed(Exception):
    """What psql or pgbench said before it gave up."""


class Session:
    """One psql, connected as one database role."""

    def __init__(self, role):
        self.role = role
        self.psql = subprocess.Popen(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", role],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=ENVIRONMENT, text=True, bufsize=1)
        self.milliseconds = None
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
        raise Failed(f"{self.role}: {statement}\n" + "\n".join(answer))

    def one(self, statement):
        """The only line of the answer."""
        (line,) = self.run(statement)
        return line

    def time(self, statement):
        """How long the statement took."""
        self.run(statement)
        return self.milliseconds

    def close(self):
        self.psql.stdin.close()
        self.psql.stdout.close()
        self.psql.wait()


def load(file, **variables):
    """Runs a file of SQL as the superuser."""
    arguments = [f"--set={name}={value}" for name, value in variables.items()]
    done = subprocess.run(["psql", "-XqAt", *arguments, "-f", file], env=ENVIRONMENT, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode:
        raise Failed(done.stderr)


def pgbench(role, script, seconds, **variables):
    """Transactions a second of a script, prepared, one client."""
    done = subprocess.run(
        ["pgbench", "-n", "-M", "prepared", "-c", "1", "-T", str(seconds), "-U", role, "-f", script,
         *(f"--define={name}={value}" for name, value in variables.items())],
        env=ENVIRONMENT, text=True, capture_output=True)
    tps = re.search(r"^tps = ([\d.]+)", done.stdout, re.M)
    if done.returncode or not tps:
        raise Failed(done.stdout + done.stderr)
    return float(tps[1])
