# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: counting checks, running the binary, starting and stopping a server.

A test is a program: it prints `ok`, `FAIL` or `skip` for each check and ends with `N passed, N failed`.
`Tests/EndToEnd/run` sets TWIN (the binary), E2E_DEMO (a generated city), E2E_STORE (its store) and E2E_BASE (the URL
of a server of that store).
"""

import contextlib
import hashlib
import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
TWIN = os.environ.get("TWIN", str(ROOT / ".build/release/twin"))
SHARED_DATA = pathlib.Path(os.environ.get("TWIN_SHARED_DATA", ROOT.parent / "shared/data")).resolve()

_counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(name, good, detail=""):
    """Counts and prints one check; returns whether it held."""
    _counts["passed" if good else "failed"] += 1
    print(f"ok   {name}" if good else f"FAIL {name}: {str(detail)[:1500]}", flush=True)
    return bool(good)


def skip(name, reason):
    _counts["skipped"] += 1
    print(f"skip {name}: {reason}", flush=True)


def main(*parts):
    """Runs the parts of a test; one that raises is one failure, and the next one runs."""
    for part in parts:
        try:
            part()
        except Exception:
            check(part.__name__, False, traceback.format_exc())
    skipped = f", {_counts['skipped']} skipped" if _counts["skipped"] else ""
    print(f"{_counts['passed']} passed, {_counts['failed']} failed{skipped}")
    sys.exit(1 if _counts["failed"] else 0)


def required(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set; Tests/EndToEnd/run sets it")
    return value


def run(command, timeout=300, **options):
    """Runs a program to its end; the texts are UTF-8."""
    return subprocess.run([str(c) for c in command], capture_output=True, encoding="utf-8", timeout=timeout, **options)


def twin(*arguments, **options):
    return run([TWIN, *arguments], **options)


def twin_json(*arguments):
    """The JSON that a successful command prints."""
    result = twin(*arguments)
    if result.returncode != 0:
        raise AssertionError(f"twin {' '.join(map(str, arguments))} ended with {result.returncode}: {result.stderr}")
    return json.loads(result.stdout)


def wait_until(condition, what, seconds=30):
    """The first true answer of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


@contextlib.contextmanager
def server(store, *arguments):
    """Serves a store on a port of the system's choice; gives (base URL, process)."""
    process = subprocess.Popen(
        [TWIN, "serve", "--store", str(store), "--port", "0", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
    lines = queue.Queue()

    def pump():
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=pump, daemon=True).start()
    said = []
    try:
        while True:
            line = lines.get(timeout=60)
            if line is None:
                raise AssertionError(f"the server ended before it listened: {''.join(said)}")
            said.append(line)
            if found := re.search(r"http://[^\s:]+:(\d+)", line):
                yield f"http://127.0.0.1:{found[1]}", process
                break
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


# What the token of `edited_copy` sends along.
CHIEF = {"Authorization": "Bearer chief"}


@contextlib.contextmanager
def edited_copy(store):
    """Serves a copy of a store that may be written to by whoever sends CHIEF; gives (base URL, process, copy)."""
    with tempfile.TemporaryDirectory() as folder:
        copy, access = pathlib.Path(folder, "store"), pathlib.Path(folder, "access.yaml")
        shutil.copytree(store, copy)
        digest = hashlib.sha256(b"chief").hexdigest()
        access.write_text(f"tokens:\n  - {{name: chief, sha256: {digest}, role: admin, classification: confidential}}\n")
        with server(copy, "--access", access) as (base, process):
            yield base, process, copy
