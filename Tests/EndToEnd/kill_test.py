# SPDX-License-Identifier: Apache-2.0
"""An import that is killed at random moments leaves every layer of the old store whole.

    E2E_KILL_SEED=7 Tests/EndToEnd/kill_test.py      the seed is printed
"""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

from harness import TWIN, check, main, required, run, twin, twin_json

DEMO = pathlib.Path(required("E2E_DEMO"))
STORE = pathlib.Path(required("E2E_STORE"))
SEED = int(os.environ.get("E2E_KILL_SEED", "7"))
ROUNDS = 5


def counts(store):
    return {layer["id"]: layer["count"] for layer in twin_json("info", "--store", store, "--json")["layers"]}


def kills():
    moments = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        store = pathlib.Path(folder, "store")
        shutil.copytree(STORE, store)
        shutil.rmtree(store / "live", ignore_errors=True)
        before = counts(store)
        start = time.monotonic()
        first = twin("import", DEMO / "city.yaml", "--store", store)
        seconds = time.monotonic() - start
        check("an import over an existing store", first.returncode == 0 and counts(store) == before, first.stderr[-500:])
        for number in range(1, ROUNDS + 1):
            share = moments.uniform(0.02, 0.98)
            process = subprocess.Popen([TWIN, "import", DEMO / "city.yaml", "--store", store],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(seconds * share)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            name = f"kill {number} at {share:.0%} of {seconds:.1f} s (seed {SEED})"
            checked = twin("check", "--store", store)
            now = counts(store)
            integrity = run(["sqlite3", store / "city.sqlite", "PRAGMA integrity_check"]).stdout.strip()
            left = run(["sqlite3", store / "city.sqlite",
                        "SELECT name FROM sqlite_master WHERE name LIKE 'twin_new_%'"]).stdout.strip()
            check(f"{name}: the store is good, every layer is whole, nothing half-made is left",
                  checked.returncode == 0 and now == before and integrity == "ok" and not left,
                  f"check {checked.returncode}: {checked.stdout[-300:]}{checked.stderr[-300:]}; "
                  f"{ {k: (before[k], now.get(k)) for k in before if before[k] != now.get(k)} }; {integrity}; {left}")
        after = twin("import", DEMO / "city.yaml", "--store", store)
        check("the next import lands", after.returncode == 0 and counts(store) == before, after.stderr[-500:])
        scraps = [p.name for p in (store / "snapshots").iterdir() if not p.name.endswith(".snapshot")]
        check("and no temporary file is left", not scraps, scraps)


def first_import():
    """Killed before anything was there: the folder can be used again."""
    moments = random.Random(SEED + 1)
    for number in range(1, 3):
        with tempfile.TemporaryDirectory() as folder:
            store = pathlib.Path(folder, "store")
            process = subprocess.Popen([TWIN, "import", DEMO / "city.yaml", "--store", store, "--layers", "buildings"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(moments.uniform(0.01, 0.5))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            again = twin("import", DEMO / "city.yaml", "--store", store, "--layers", "buildings")
            findings = json.loads(twin("check", "--store", store, "--json").stdout)["findings"]
            good = {f["what"]: f["good"] for f in findings}
            check(f"first import, kill {number}: importing again works",
                  again.returncode == 0 and good["city.sqlite"] and good["layer buildings"], again.stderr[-400:])


main(kills, first_import)
