"""Where the time of a statement goes, by perf: printed for every goal that is not met."""

import re
import shutil
import subprocess
import tempfile
import time

SECONDS = 1.0
# Symbols that take less are left out, and all after so many.
LEAST = 3.0
MOST = 12
# Statements that are done in less than a millisecond go to the server so many at a time.
SHORT = 50


def profile(session, statement):
    """The functions of the server's process that take most of a statement, in percent of it, or why they are not known."""
    if shutil.which("perf") is None:
        return ["perf is not installed"]
    process = session.one("SELECT pg_backend_pid();")
    with tempfile.NamedTemporaryFile(prefix="docacl-bench-", suffix=".perf") as data:
        # cpu-clock: virtual machines often have no counters.
        record = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "5000", "-o", data.name, "-p", process],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(0.3)
        if session.time(statement) < 1:
            statement = " ".join([statement] * SHORT)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            session.run(statement)
        record.send_signal(2)
        said = record.communicate()[1]
        report = subprocess.run(["perf", "report", "-i", data.name, "--stdio", "-q", "--no-children", "--sort", "dso,symbol"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    lines = []
    for line in report.splitlines():
        found = re.match(r"\s*([\d.]+)%\s+(\S+)\s+\[\S\]\s+(.+?)\s*$", line)
        if found and float(found[1]) >= LEAST:
            lines.append(f"{float(found[1]):4.1f} % {found[2].removesuffix('.so')}: {plain(found[3])}")
    return lines[:MOST] or [f"perf saw nothing: {said.strip()[:200]}"]


def plain(symbol):
    """A symbol without what the compiler and perf add to it."""
    return re.sub(r"(::h[0-9a-f]{16})?[\s-]*$", "", symbol)[:90]
