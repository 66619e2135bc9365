#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OGC API - Features on 1.25 million polygons: pages, counts and a full read, with tipg and pygeoapi on PostGIS beside.

    python3 Benchmarks/query.py TWIN [--store STORE] [--peers tipg,pygeoapi|none] [--quick] [--prepare]

The polygons are those of `scripts/bench core`. The figure is the CPU of the server's processes (PostgreSQL's included)
for each request; requests are made by wrk with the same random boxes for every server. Peers are installed from PyPI
into .build/query-peers, and PostGIS is loaded once into .build/query-peers/data; --prepare stops after that.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "query"))
import measure  # noqa: E402
import feature_peers as peers  # noqa: E402
import polygons  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parent / ".build"
DATA = pathlib.Path(os.environ.get("TWIN_SHARED_DATA", HERE.parents[1] / "shared/data"))
EXTRACT = DATA / "osm/liechtenstein.osm.pbf"
PLACE = (9.55, 47.16)
PORT = int(os.environ.get("TWIN_BENCH_PORT", 9366))
TICK = os.sysconf("SC_CLK_TCK")


def processes(root):
    """A process and all below it."""
    found = [root]
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(open(f"/proc/{number}/stat").read().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent == root:
            found += processes(int(number))
    return found


def cpu(roots):
    """CPU seconds of process trees, children that have ended included."""
    total = 0
    for root in roots:
        for number in processes(root):
            try:
                fields = open(f"/proc/{number}/stat").read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            total += sum(map(int, fields[11:15]))
    return total / TICK


def resident(pid):
    """MB of a process that belong to no file: the snapshot is a file in memory, and may leave it."""
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("RssAnon")) / 1024


def boxes(path, half, count=400):
    """A wrk script that asks for random boxes; the same ones for every server."""
    source = random.Random(7)
    urls = []
    for _ in range(count):
        x, y = PLACE[0] + source.uniform(-0.03, 0.03), PLACE[1] + source.uniform(-0.03, 0.03)
        urls.append(f"bbox={x - half * 1.5:.6f},{y - half:.6f},{x + half * 1.5:.6f},{y + half:.6f}")
    return "local urls = {" + ",".join(f'"{path}{"&" if "?" in path else "?"}{u}"' for u in urls) + "}\nlocal i = 0\n" \
        "request = function() i = i % #urls + 1; return wrk.format('GET', urls[i]) end\n"


def load(base, roots, script, seconds, folder, connections=4):
    """Requests for some seconds: how many, and CPU milliseconds for each; None where one failed."""
    lua = pathlib.Path(folder, "ask.lua")
    lua.write_text(script)
    before = cpu(roots)
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(lua), base],
                          capture_output=True, text=True)
    used = cpu(roots) - before
    requests = next((int(l.split()[0]) for l in done.stdout.splitlines() if "requests in" in l), 0)
    if not requests or "Non-2xx" in done.stdout:
        return None
    return {"requests": requests, "cpu_ms": 1000 * used / requests}


def get(url):
    with urllib.request.urlopen(url, timeout=300) as answer:
        return json.load(answer)


@contextlib.contextmanager
def ours(twin, store):
    process = subprocess.Popen([twin, "serve", "--store", str(store), "--port", str(PORT)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{PORT}"
    try:
        peers.wait(base + "/healthz")
        yield base, [process.pid]
    finally:
        process.terminate()
        process.wait(20)


def read_whole(url, pid):
    """Wall, CPU and peak memory of one read that a client throws away."""
    before, peak, stop = cpu([pid]), [resident(pid)], threading.Event()

    def watch():
        while not stop.wait(0.05):
            peak.append(resident(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.monotonic()
    done = subprocess.run(["curl", "-sf", "-o", "/dev/null", "-w", "%{size_download}", url], capture_output=True,
                          text=True)
    wall = time.monotonic() - start
    stop.set()
    watcher.join()
    return {"bytes": int(done.stdout or 0), "wall": wall, "cpu": cpu([pid]) - before, "rss": max(peak),
            "rss_before": peak[0]}


def plain_socket(size):
    """Seconds to send that many bytes to curl from a program that does nothing else."""
    listener = socket.create_server(("127.0.0.1", PORT + 1))

    def serve():
        client, _ = listener.accept()
        with client:
            client.recv(65536)
            client.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode())
            block, left = bytes(1 << 20), size
            while left > 0:
                client.sendall(block[:left])
                left -= len(block)

    server = threading.Thread(target=serve)
    server.start()
    start = time.monotonic()
    subprocess.run(["curl", "-sf", "-o", "/dev/null", f"http://127.0.0.1:{PORT + 1}/"], check=True)
    server.join()
    listener.close()
    return time.monotonic() - start


ROWS = [  # title, limit, half a box's height in degrees, condition, connections, goal
    ("/items?bbox, 10 features", 10, 0.0005, False, 4, "0.333"),
    ("/items?bbox, 100 features", 100, 0.0012, False, 4, "-"),
    ("/items?bbox, 1,000 features", 1000, 0.0055, False, 4, "2.5"),
    ("limit=1, no filter, exact count", 1, None, False, 2, "0.1 for the count"),
    ("limit=1, 11 x 11 km box, exact count", 1, 0.05, False, 2, "1 for the count"),
    ("the same and class = house", 1, 0.05, True, 2, "5 for the count"),
]


def rows_of(base, roots, items, seconds, folder, condition):
    """CPU milliseconds of each kind of request, and what one of them holds."""
    found = []
    for _, limit, half, is_filtered, connections, _ in ROWS:
        path = f"{items}?limit={limit}" + (f"&{condition}" if is_filtered else "")
        script = boxes(path, half) if half else f"request = function() return wrk.format('GET', '{path}') end\n"
        url = re.search('"(/[^"]*)"', script)[1] if half else path
        try:
            sample = get(base + url)
        except OSError as error:
            print(f"{base}{url}: {error}", file=sys.stderr)
            found.append(None)
            continue
        load(base, roots, script, 1, folder, connections)
        row = load(base, roots, script, seconds, folder, connections)
        if row:
            row |= {"returned": len(sample["features"]), "matched": sample.get("numberMatched")}
        found.append(row)
        print(f"{base}{path}: {row}", file=sys.stderr, flush=True)
    return found


def gdal_reads(store):
    """CPU of ogr2ogr that writes the same layer of the same record as GeoJSON to a pipe."""
    command = ["ogr2ogr", "-f", "GeoJSON", "/vsistdout/", f"{store}/city.sqlite", "buildings", "-t_srs", "EPSG:4326",
               "-lco", "COORDINATE_PRECISION=9", "-lco", "ID_FIELD=id"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    size = 0
    while block := process.stdout.read(1 << 20):
        size += len(block)
    process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"bytes": size, "wall": time.monotonic() - start,
            "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def prepared(options):
    """The store, a folder for peers, and which of them can run here."""
    store = options.store
    if store is None:
        if not EXTRACT.exists():
            raise SystemExit(f"{EXTRACT} is absent; set TWIN_SHARED_DATA, or name a --store with a layer `buildings`")
        store = polygons.make(options.twin, EXTRACT, BUILD / "polygons")
    folder = BUILD / "query-peers"
    folder.mkdir(parents=True, exist_ok=True)
    return store, folder, [] if options.peers == "none" else options.peers.split(",")


def prepare(store, folder, wanted):
    """Installs and loads what the peers need."""
    with peers.database(store, folder) as database:
        for name in wanted:
            with getattr(peers, name)(database, folder) as (base, _, items, _):
                print(f"{name}: {len(get(f'{base}{items}?limit=2')['features'])} features", file=sys.stderr)


def ask_ours(options, store, folder, seconds, results):
    with ours(options.twin, store) as (base, roots):
        items = "/collections/buildings/items"
        results["TwinEngine"] = rows_of(base, roots, items, seconds, folder, "class=house")
        url = f"{base}{items}?limit=10000000"
        reads = [read_whole(url, roots[0]) for _ in range(3)]
        whole = min(reads, key=lambda read: read["wall"])
        whole["cpu"] = min(read["cpu"] for read in reads)
        whole["rss"] = max(read["rss"] for read in reads)
        whole["plain"] = min(plain_socket(whole["bytes"]) for _ in range(3))
        whole["count"] = get(f"{base}{items}?limit=1")["numberMatched"]
        return whole


def report(machine, results, whole, gdal, skipped):
    print(f"\n### OGC API - Features, {machine}\n")

    def cell(row):
        if row is None:
            return "failed"
        share = f" ({row['returned'] / row['cpu_ms']:.0f} k features/s)" if row["returned"] >= 100 else ""
        counted = "" if row["matched"] is not None else ", not counted"
        return f"{row['cpu_ms']:.3f}{share}{counted}"

    print(measure.table(
        ["server CPU ms a request"] + list(results) + ["goal"],
        [[row[0]] + [cell(found[index]) for found in results.values()] + [row[5]] for index, row in enumerate(ROWS)]))
    print(f"\nFull read of {whole['count']:,} features as GeoJSON: {whole['bytes'] / 1e6:.0f} MB in "
          f"{whole['wall']:.2f} s, {whole['cpu']:.2f} s CPU; the same bytes from a program that only sends them "
          f"{whole['plain']:.2f} s (speed {whole['plain'] / whole['wall']:.2f} of it). Memory that belongs to no file: "
          f"{whole['rss_before']:.0f} MB before, {whole['rss']:.0f} MB at most.")
    if gdal:
        print(f"ogr2ogr from the same record to a pipe: {gdal['bytes'] / 1e6:.0f} MB in {gdal['wall']:.2f} s, "
              f"{gdal['cpu']:.2f} s CPU.")
    for name, reason in skipped:
        print(f"\nLeft out: {name} ({reason}).")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("twin")
    arguments.add_argument("--store", type=pathlib.Path,
                           help="a store with a layer `buildings`; made from OpenStreetMap if absent")
    arguments.add_argument("--peers", default="tipg,pygeoapi", help="tipg,pygeoapi or none")
    arguments.add_argument("--quick", action="store_true", help="2 s a row instead of 5")
    arguments.add_argument("--prepare", action="store_true", help="installs and loads what the peers need, and stops")
    options = arguments.parse_args()
    machine = measure.machine()
    store, folder, wanted = prepared(options)
    if options.prepare:
        return prepare(store, folder, wanted)
    seconds, skipped, results = 2 if options.quick else 5, [], {}
    whole = ask_ours(options, store, folder, seconds, results)
    gdal = gdal_reads(store) if wanted and shutil.which("ogr2ogr") else None
    try:
        with contextlib.ExitStack() as stack:
            database = stack.enter_context(peers.database(store, folder)) if wanted else None
            for name in wanted:
                try:
                    with getattr(peers, name)(database, folder) as (base, roots, items, condition):
                        results[name] = rows_of(base, [*roots, database.pid], items, seconds, folder, condition)
                except peers.Absent as reason:
                    skipped.append((name, str(reason)))
    except peers.Absent as reason:
        skipped += [(name, str(reason)) for name in wanted]
    report(machine, results, whole, gdal, skipped)


main()
