#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OGC API - Features on 1.25 million polygons: pages, counts and a full read, with tipg and pygeoapi on PostGIS beside.

    python3 Benchmarks/query.py TWIN [--store STORE] [--peers tipg,pygeoapi|none] [--quick]

The polygons are those of `scripts/bench core`. The figure is the CPU of the server's processes (PostgreSQL's included)
for each request; requests are made by wrk with random boxes. Peers are installed from PyPI into .build/query-peers, and
PostGIS is loaded once into .build/query-peers/data.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
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
import peers  # noqa: E402
import polygons  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parent / ".build"
DATA = pathlib.Path(os.environ.get("TWIN_SHARED_DATA", HERE.parents[1] / "shared/data"))
EXTRACT = DATA / "osm/liechtenstein.osm.pbf"
PLACE = (9.55, 47.16)
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


def resident(root):
    return sum(int(line.split()[1]) for n in processes(root) for line in open(f"/proc/{n}/status") if line.startswith("VmRSS")) / 1024


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
    """Requests for some seconds: requests, CPU milliseconds and bytes for each."""
    lua = pathlib.Path(folder, "ask.lua")
    lua.write_text(script)
    before = cpu(roots)
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(lua), base], capture_output=True, text=True)
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
    process = subprocess.Popen([twin, "serve", "--store", str(store), "--port", "9366"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    base = "http://127.0.0.1:9366"
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
    done = subprocess.run(["curl", "-sf", "-o", "/dev/null", "-w", "%{size_download}", url], capture_output=True, text=True)
    wall = time.monotonic() - start
    stop.set()
    watcher.join()
    return {"bytes": int(done.stdout or 0), "wall": wall, "cpu": cpu([pid]) - before, "rss": max(peak), "rss_before": peak[0]}


def plain_socket(size):
    """Seconds to send that many bytes to curl from a program that does nothing else."""
    listener = socket.create_server(("127.0.0.1", 9367))

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
    subprocess.run(["curl", "-sf", "-o", "/dev/null", "http://127.0.0.1:9367/"], check=True)
    server.join()
    listener.close()
    return time.monotonic() - start


def rows_of(base, roots, items, seconds, folder, names):
    """CPU milliseconds of each kind of request."""
    found = {}
    for limit, half in ((10, 0.0005), (100, 0.0012), (1000, 0.004)):
        found[f"items {limit}"] = load(base, roots, boxes(f"{items}?limit={limit}", half), seconds, folder)
    found["count none"] = load(base, roots, f"request = function() return wrk.format('GET', '{items}?limit=1') end\n", seconds, folder, 2)
    found["count bbox"] = load(base, roots, boxes(f"{items}?limit=1", 0.05), seconds, folder, 2)
    found["count bbox and attribute"] = load(base, roots, boxes(f"{items}?limit=1&{names}", 0.05), seconds, folder, 2)
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("twin")
    arguments.add_argument("--store", type=pathlib.Path, help="a store with a layer `buildings`; made from OpenStreetMap if absent")
    arguments.add_argument("--peers", default="tipg,pygeoapi")
    arguments.add_argument("--quick", action="store_true", help="2 s a row instead of 5")
    options = arguments.parse_args()
    seconds = 2 if options.quick else 5
    store = options.store
    if store is None:
        if not EXTRACT.exists():
            raise SystemExit(f"{EXTRACT} is absent; set TWIN_SHARED_DATA, or name a --store with a layer `buildings`")
        store = polygons.make(options.twin, EXTRACT, BUILD / "polygons")
    machine = measure.machine()
    folder = BUILD / "query-peers"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [] if options.peers == "none" else options.peers.split(",")
    skipped, results = [], {}
    with contextlib.ExitStack() as stack:
        database = None
        if wanted:
            try:
                database = stack.enter_context(peers.database(store, folder))
            except peers.Absent as reason:
                skipped += [(name, str(reason)) for name in wanted]
                wanted = []
        with ours(options.twin, store) as (base, roots):
            items = "/collections/buildings/items"
            total = get(f"{base}{items}?limit=1")["numberMatched"]
            get(f"{base}{items}?limit=1&filter=class%3D'house'&bbox=9.4,47.1,9.6,47.2")
            results["TwinEngine"] = rows_of(base, roots, items, seconds, folder, "class=house")
            whole = read_whole(f"{base}{items}?limit=10000000", roots[0])
            plain = plain_socket(whole["bytes"])
        for name in wanted:
            try:
                with getattr(peers, name)(database, folder) as (base, roots, items, names):
                    results[name] = rows_of(base, roots + [database.pid], items, seconds, folder, names)
            except peers.Absent as reason:
                skipped.append((name, str(reason)))
    print(f"\n### OGC API - Features, {machine}\n")
    titles = {"items 10": "/items?bbox, 10 features", "items 100": "/items?bbox, 100 features",
              "items 1000": "/items?bbox, 1,000 features", "count none": "limit=1, no filter, exact count",
              "count bbox": "limit=1, 11 × 16 km box, exact count", "count bbox and attribute": "the same and class = house"}
    cell = lambda r: "failed" if r is None else f"{r['cpu_ms']:.3f}"
    print(measure.table(["server CPU ms a request"] + list(results),
                        [[title] + [cell(found.get(key)) for found in results.values()] for key, title in titles.items()]))
    print(f"\nFull read of {total:,} features as GeoJSON: {whole['bytes'] / 1e6:.0f} MB in {whole['wall']:.2f} s, "
          f"{whole['cpu']:.2f} s CPU, memory {whole['rss_before']:.0f} MB before and {whole['rss']:.0f} MB at most; "
          f"the same bytes from a program that only sends them {plain:.2f} s.")
    for name, reason in skipped:
        print(f"\nLeft out: {name} ({reason}).")


main()
