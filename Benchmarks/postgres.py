# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL cluster for the peers of benchmarks.

It needs Debian's `postgresql` and `postgis` packages and root (to become the user postgres); nothing outside its own
folder is touched.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile


class Absent(RuntimeError):
    """A program that is not here or does not work, and what would bring it."""


def binaries():
    """The folder of PostgreSQL's programs; None where it is not installed or the user is not root."""
    found = (f"/usr/lib/postgresql/{version}/bin" for version in range(20, 11, -1))
    folder = next((f for f in found if os.path.exists(f)), None)
    return folder if os.geteuid() == 0 else None


class Cluster:
    """A cluster in a folder; temporary unless one is given."""

    COMMON = {"fsync": "off", "jit": "off", "work_mem": "256MB", "max_parallel_workers_per_gather": 0}

    def __init__(self, port, folder=None, **settings):
        self.binaries = binaries()
        if self.binaries is None:
            raise Absent("needs postgresql with postgis, and root to start a cluster of its own")
        self.port, self.is_temporary = str(port), folder is None
        self.folder = tempfile.mkdtemp(prefix="twin-postgis-") if folder is None else str(folder)
        shutil.chown(self.folder, "postgres")
        self.data = pathlib.Path(self.folder, "pg")
        if not self.data.exists():
            self.run("initdb", "-D", self.data, "--auth=trust", "--no-sync", "-E", "UTF8")
        settings = {"listen_addresses": "", **self.COMMON, **settings}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.run("pg_ctl", "-D", self.data, "-w", "-l", f"{self.folder}/log", "-o",
                 f"-p {self.port} -k {self.folder} {options}", "start")

    def run(self, program, *arguments, text=None):
        """Runs one of PostgreSQL's programs as the user postgres; gives its output."""
        command = [f"{self.binaries}/{program}", *map(str, arguments)]
        done = subprocess.run(["runuser", "-u", "postgres", "--", *command], input=text, text=True, capture_output=True,
                              cwd="/")
        if done.returncode != 0:
            raise Absent(f"{' '.join(command)[:200]} failed: {done.stderr[-2000:]}")
        return done.stdout

    def session(self):
        """The arguments of psql for a session."""
        return ["-h", self.folder, "-p", self.port, "-d", "postgres", "-qAtX"]

    def sql(self, text):
        """The rows of statements, as text without headings."""
        return self.run("psql", *self.session(), "-v", "ON_ERROR_STOP=1", text=text)

    def process(self):
        """The process of the server."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def stop(self):
        self.run("pg_ctl", "-D", self.data, "-m", "immediate" if self.is_temporary else "fast", "stop")
        if self.is_temporary:
            shutil.rmtree(self.folder, ignore_errors=True)
