#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""3D tilesets of buildings: demo cities from generator to folder, bytes a building, positions against PROJ; Rotterdam's
CityJSON beside cjio's glb export; LoD1 blocks beside py3dtiles. One run on one machine.

    python3 Benchmarks/cim.py TWIN [--large] [--only PORTION ...] [--prepare] [--work FOLDER]

Portions: demo (20,000 buildings), large (1,000,000), rotterdam (beside cjio), blocks (py3dtiles), pipes (200,000 segments to
tubes, their check and a section). --prepare makes cities, stores and the peers' environment and measures nothing. Peers come
from PyPI (a virtual environment in the work folder); what is not installed is left out and named. CPU is that of the process
and its children over all cores (os.wait4), peak is the resident set. --large adds the 1,000,000 buildings. Prints Markdown.
"""

import argparse
import datetime
import gzip
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import venv

import measure

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = pathlib.Path(os.environ.get("TWIN_SHARED_DATA", ROOT.parent / "shared/data"))
CJIO = ("import sys; from cjio import cityjson; c = cityjson.reader(open(sys.argv[1]), ignore_duplicate_keys=True);"
        " open(sys.argv[2], 'wb').write(c.export2glb().getvalue())")


PIPE_CITY = 43_000  # buildings of a demo city with some 210,000 pipes
PORTIONS = ["demo", "large", "rotterdam", "blocks", "pipes"]


def environment(work):
    """A Python with the peers; None where PyPI does not answer."""
    folder = work / "venv"
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    installed = subprocess.run([python, "-m", "pip", "-q", "install", "cjio==0.10.1", "triangle", "py3dtiles==12.1.1",
                                "shapely", "numpy", "pyproj", "meshoptimizer==0.2.30a0"],
                               capture_output=True, text=True)
    if installed.returncode != 0:
        print(f"peers left out, they cannot be installed: {installed.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    return python


def timed(command, runs, prepare=lambda: None, accepted=(0,)):
    results = []
    for _ in range(runs):
        prepare()
        result = measure.run([str(part) for part in command])
        if result.status not in accepted:
            print(f"{' '.join(map(str, command[:4]))} … failed with {result.status}: {result.output[-600:]}", file=sys.stderr)
            return None
        results.append(result)
    return measure.median(results)


def contents(folder):
    return [path.read_bytes() for path in sorted(folder.rglob("*.glb"))]


def features(glb):
    length = struct.unpack("<I", glb[12:16])[0]
    document = json.loads(glb[20:20 + length])
    return document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]["count"]


def sizes(folder):
    """Buildings, bytes a building as they are, and as they are served (gzip, level 6)."""
    glbs = contents(folder)
    count = sum(map(features, glbs))
    return count, sum(map(len, glbs)) / count, sum(len(gzip.compress(glb, 6)) for glb in glbs) / count


def demo_store(twin, work, count):
    project, store = work / f"demo_{count}", work / f"demo_{count}.store"
    if not (project / "city.yaml").exists():
        subprocess.run([twin, "generate", "--out", project, "--buildings", str(count)], check=True, capture_output=True)
    if not (store / "import-report.json").exists():
        subprocess.run([twin, "import", project / "city.yaml", "--store", store], check=True, capture_output=True)
    return store


def demo(twin, work, count, runs):
    store, out = demo_store(twin, work, count), work / f"demo_{count}_tiles"
    rows = []
    for threads in (1, 2):
        run = timed([twin, "tiles3d", "build", "--store", store, "--model", "buildings", "--threads", str(threads),
                     "-o", out], runs, lambda: shutil.rmtree(out, ignore_errors=True))
        if run is None:
            return []
        buildings, raw, packed = sizes(out)
        rows.append([f"{buildings:,}", threads, f"{run.wall:.2f}", f"{run.cpu:.2f}", f"{buildings / run.wall / 1000:.1f} k",
                     f"{run.peak / 1e6:.0f}", f"{raw:.1f}", f"{packed:.1f}"])
    return rows


def rotterdam(twin, work, python, runs):
    """The same file, from CityJSON to glTF: ours by way of the store, theirs in memory."""
    source = DATA / "cityjson/rotterdam/3-20-DELFSHAVEN.city.json"
    if not source.exists():
        return [], ["Rotterdam: the file is absent"]
    store, out, glb = work / "rotterdam.store", work / "rotterdam_tiles", work / "rotterdam.glb"
    project = ROOT / "cities/rotterdam.yaml"
    os.environ.setdefault("TWIN_DATA", str(DATA))
    imported = timed([twin, "import", project, "--store", store], runs,
                     lambda: shutil.rmtree(store, ignore_errors=True))
    built = timed([twin, "tiles3d", "build", "--store", store, "--model", "buildings", "-o", out], runs,
                  lambda: shutil.rmtree(out, ignore_errors=True))
    rows, missing = [], []
    if imported and built:
        rows = [["twin import", f"{imported.cpu:.2f}", f"{imported.wall:.2f}", f"{imported.peak / 1e6:.0f}"],
                ["twin tiles3d build", f"{built.cpu:.2f}", f"{built.wall:.2f}", f"{built.peak / 1e6:.0f}"]]
    if python is None:
        return rows, ["cjio"]
    theirs = timed([python, "-c", CJIO, source, glb], 1)
    if theirs is None:
        return rows, ["cjio: its export failed"]
    rows.append(["cjio export2glb", f"{theirs.cpu:.2f}", f"{theirs.wall:.2f}", f"{theirs.peak / 1e6:.0f}"])
    if imported and built:
        rows.append(["ratio, export alone", f"{theirs.cpu / built.cpu:.1f}", f"{theirs.wall / built.wall:.1f}", ""])
        rows.append(["ratio, import and export", f"{theirs.cpu / (imported.cpu + built.cpu):.1f}",
                     f"{theirs.wall / (imported.wall + built.wall):.1f}", ""])
    return rows, missing


def blocks(work, python, count, runs):
    """py3dtiles from WKB polyhedra of the demo's size: blocks of 12 x 9 x 10 m, which is all it is asked for."""
    if python is None:
        return [], ["py3dtiles"]
    source, out = work / "blocks.wkb", work / "blocks_py3dtiles"
    code = """
import struct, sys
def ring(points):
    points = points + points[:1]
    return struct.pack('<BII', 1, 1003, 1) + struct.pack('<I', len(points)) + b''.join(struct.pack('<3d', *p) for p in points)
def block(x, y):
    a = [(x, y), (x + 12, y), (x + 12, y + 9), (x, y + 9)]
    low, high = [(px, py, 0.) for px, py in a], [(px, py, 10.) for px, py in a]
    faces = [low[::-1], high] + [[low[i], low[(i + 1) % 4], high[(i + 1) % 4], high[i]] for i in range(4)]
    triangles = [t for f in faces for t in ([f[0], f[1], f[2]], [f[0], f[2], f[3]])]
    return struct.pack('<BII', 1, 1015, len(triangles)) + b''.join(ring(t) for t in triangles)
import pathlib
folder = pathlib.Path(sys.argv[2]); folder.mkdir(exist_ok=True)
for n in range(int(sys.argv[1])):
    (folder / f'{n}.wkb').write_bytes(block(n % 100 * 20., n // 100 * 20.))
"""
    shutil.rmtree(source, ignore_errors=True)
    subprocess.run([python, "-c", code, str(count), source], check=True)
    run = timed([python.parent / "py3dtiles", "export", "-d", source, "-s", out, "-o", "500000", "4010000", "0"], runs,
                lambda: shutil.rmtree(out, ignore_errors=True))
    if run is None:
        return [], ["py3dtiles: it cannot convert the blocks"]
    return [[f"py3dtiles, {count} WKB blocks", f"{run.wall:.2f}", f"{run.cpu:.2f}", f"{count / run.wall:.0f}",
             f"{run.peak / 1e6:.0f}"]], []


def pipes(twin, work, runs):
    """Tubes of all pipes of a demo city, then what else is asked of them."""
    store, out = demo_store(twin, work, PIPE_CITY), work / "pipe_tiles"
    rows, count = [], 0
    for threads in (1, 2):
        run = timed([twin, "tiles3d", "build", "--store", store, "--model", "pipes", "--threads", str(threads), "-o", out],
                    runs, lambda: shutil.rmtree(out, ignore_errors=True))
        if run is None:
            return []
        count, raw, packed = sizes(out)
        rows.append([f"{count:,} pipes to tubes, {threads} threads", f"{run.wall:.2f}", f"{run.cpu:.2f}",
                     f"{count / run.wall / 1000:.0f} k", f"{run.peak / 1e6:.0f}", f"{raw:.0f} / {packed:.0f}"])
    for name, command in (("twin check pipes", ["check", "pipes", "--store", store, "--json"]),
                          ("twin query section, 1.5 km", ["query", "section", "--store", store, "--line",
                                                         "120.030,36.262,120.046,36.266", "--json"])):
        run = timed([twin, *command], runs, accepted=(0, 1))
        if run is not None:
            rows.append([name, f"{run.wall:.2f}", f"{run.cpu:.2f}", f"{count / run.wall / 1000:.0f} k",
                         f"{run.peak / 1e6:.0f}", ""])
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("twin", type=pathlib.Path)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--only", nargs="+", choices=PORTIONS)
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / ".build/bench-cim")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    portions = arguments.only or [name for name in PORTIONS if name != "large" or arguments.large]
    work, runs, twin = arguments.work, arguments.runs, arguments.twin.resolve()
    work.mkdir(parents=True, exist_ok=True)
    python = environment(work) if {"rotterdam", "blocks"} & set(portions) else None
    counts = {"demo": 20_000, "large": 1_000_000, "pipes": PIPE_CITY}
    if arguments.prepare:
        for name in portions:
            if name in counts:
                demo_store(twin, work, counts[name])
        return
    print(f"{datetime.date.today()}; {measure.machine()}")
    absent = []
    for name in portions:
        if name in ("demo", "large"):
            title, headers = "Demo city, store to folder", [
                "buildings", "threads", "wall s", "CPU s", "buildings / s", "peak MB", "bytes / building", "gzip"]
            rows = demo(twin, work, counts[name], runs if name == "demo" else 1)
        elif name == "rotterdam":
            title, headers = "Rotterdam, 853 buildings of LoD2", ["run", "CPU s", "wall s", "peak MB"]
            rows, missing = rotterdam(twin, work, python, runs)
            absent += missing
        elif name == "blocks":
            title, headers = "Peer for blocks", ["run", "wall s", "CPU s", "buildings / s", "peak MB"]
            rows, missing = blocks(work, python, 2000, 1)
            absent += missing
        else:
            title, headers = "Pipes of a demo city", [
                "run", "wall s", "CPU s", "pipes / s", "peak MB", "bytes / pipe, gzip"]
            rows = pipes(twin, work, runs)
        print(f"\n{title}\n\n{measure.table(headers, rows)}", flush=True)
    for name in absent:
        print(f"\nleft out: {name}")


if __name__ == "__main__":
    main()
