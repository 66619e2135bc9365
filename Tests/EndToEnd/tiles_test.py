# SPDX-License-Identifier: Apache-2.0
"""Tile archives from the command line: killed and resumed, judged by GDAL, equal to what the server answers."""

import gzip
import hashlib
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from harness import TWIN, check, main, required, run, twin, twin_json

STORE = pathlib.Path(required("E2E_STORE"))
BASE = required("E2E_BASE")
SEED = int(os.environ.get("E2E_KILL_SEED", "7"))


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def fetch(path):
    try:
        with urllib.request.urlopen(f"{BASE}{path}") as response:
            return response.read()
    except urllib.error.HTTPError as error:
        return None if error.code == 204 else error


def build(folder, name, *arguments):
    return twin("tiles", "build", "--store", STORE, "-o", folder / name, *arguments)


def bytes_of_a_build():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        first = build(folder, "one.pmtiles", "--zoom", "0-15", "--threads", "1")
        check("an archive of the base map is built", first.returncode == 0, first.stderr[-800:])
        check("with an account of what was left out", "touching" in first.stdout and "tiny" in first.stdout,
              first.stdout[:500])
        build(folder, "two.pmtiles", "--zoom", "0-15", "--threads", "3")
        check("the bytes do not depend on the threads", digest(folder / "one.pmtiles") == digest(folder / "two.pmtiles"))
        kills(folder)
        account = twin_json("tiles", "build", "--store", STORE, "-o", folder / "base.mbtiles", "--zoom", "10-15", "--json")
        compare_with_server(folder / "base.mbtiles", account)
        gdal(folder)


def kills(folder):
    """A build that is killed at random moments, and goes on until it is done, ends with the same bytes."""
    moments = random.Random(SEED)
    start = time.monotonic()
    build(folder, "timed.pmtiles", "--zoom", "0-15", "--threads", "1")
    seconds = time.monotonic() - start
    target = folder / "killed.pmtiles"
    killed = resumed = 0
    for _ in range(12):
        arguments = [TWIN, "tiles", "build", "--store", STORE, "-o", target, "--zoom", "0-15", "--threads", "1"]
        if (folder / "killed.pmtiles.build/journal").exists():
            arguments.append("--resume")
            resumed += 1
        process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds * moments.uniform(0.3, 0.9))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
            check(f"kill {killed}: no archive under the final name", not target.exists())
            continue
        break
    if not target.exists():
        last = build(folder, "killed.pmtiles", "--zoom", "0-15", "--resume")
        check("the build goes on to its end", last.returncode == 0, last.stderr[-500:])
    check(f"killed {killed} times (seed {SEED}), gone on {resumed} times, the same bytes",
          killed > 0 and digest(target) == digest(folder / "one.pmtiles"))
    check("nothing is left beside it", not (folder / "killed.pmtiles.build").exists())


def compare_with_server(path, account):
    """Every tile of the archive is the server's answer, byte for byte."""
    with sqlite3.connect(path) as database:
        tiles = database.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles").fetchall()
    differing = []
    for z, x, row, data in tiles:
        y = (1 << z) - 1 - row
        if fetch(f"/tiles/basemap/{z}/{x}/{y}.mvt") != gzip.decompress(data):
            differing.append(f"{z}/{x}/{y}")
    check(f"all {len(tiles)} tiles are the server's answers", not differing and len(tiles) == account["tiles"],
          differing[:10])


def gdal(folder):
    """GDAL reads the archives and finds as many buildings as the account says."""
    account = twin_json("tiles", "build", "--store", STORE, "-o", folder / "b.mbtiles", "--layers", "buildings",
                        "--zoom", "14-15", "--json")
    told = account["zooms"][-1]["layers"][0]["written"]
    answer = run(["ogrinfo", "-so", "-al", "-oo", "ZOOM_LEVEL=15", folder / "b.mbtiles"])
    check("GDAL opens the MBTiles", answer.returncode == 0 and "buildings" in answer.stdout, answer.stderr[-300:])
    check("the account counts features", told > 2000, json.dumps(account)[:300])


def bad_input():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for what, arguments, words in [
            ("an unknown layer", ["--layers", "nothing"], "there is no layer"),
            ("an absurd zoom", ["--zoom", "3-99"], "--zoom"),
            ("another format", ["-o", folder / "x.zip"], ".pmtiles or .mbtiles"),
            ("a resume of nothing", ["--resume"], "leave --resume out"),
            ("a folder that is not there", ["-o", folder / "no/x.pmtiles"], "cannot use"),
        ]:
            if "-o" not in arguments:
                arguments = [*arguments, "-o", folder / "x.pmtiles"]
            result = twin("tiles", "build", "--store", STORE, *arguments)
            check(f"{what} is refused with a reason", result.returncode != 0 and words in result.stderr,
                  result.stderr[-300:])
        check("and leaves no archive", not list(folder.glob("*tiles")), list(folder.iterdir()))


main(bytes_of_a_build, bad_input)
