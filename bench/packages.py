"""What only the benchmark wants of PyPI, in a throwaway environment under target/: rowstile, to compare with, and
matplotlib, for the chart. Each is done without, loudly, where it cannot be had."""

import pathlib
import subprocess
import sys

from client import Failed, command

TOP = pathlib.Path(__file__).resolve().parent.parent
PLACE = TOP / "target" / "bench"


def program(package, name, say):
    """The path of a program of a package, or None. It is installed once; to get a newer one, remove target/bench."""
    environment = PLACE / package
    path = environment / "bin" / name
    if (environment / "complete").exists():
        return path
    try:
        command([sys.executable, "-m", "venv", "--clear", str(environment)])
        # rowstile has had nothing but pre-releases so far.
        command([str(environment / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", "--pre", package])
    except (Failed, OSError, subprocess.SubprocessError) as failed:
        say(f"SKIPPED: {package} could not be installed from PyPI: {str(failed).strip().splitlines()[-1]}")
        return None
    (environment / "complete").touch()
    return path
