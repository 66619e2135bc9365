#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""3D tilesets of buildings: demo cities from generator to folder, bytes a building, positions against PROJ; Rotterdam's
CityJSON beside cjio's glb export; LoD1 blocks beside py3dtiles. One run on one machine.

    python3 Benchmarks/cim.py TWIN [--large] [--work FOLDER]

Peers come from PyPI (a virtual environment in the work folder); what is not installed is left out and named. CPU is that
of the process and its children over all cores (os.wait4), peak is the resident set. --large adds the 1,000,000 buildings.
Prints Markdown tables.
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


def timed(command, runs, prepare=lambda: None):
    results = []
    for _ in range(runs):
        prepare()
        result = measure.run([str(part) for part in command])
        if result.status != 0:
            print(f"{' '.join(map(str, command))} failed with {result.status}: {result.output[-600:]}", file=sys.stderr)
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


def demo(twin, work, count, runs):
    project, store, out = (work / f"demo_{count}{suffix}" for suffix in ("", ".store", "_tiles"))
    if not (project / "city.yaml").exists():
        subprocess.run([twin, "generate", "--out", project, "--buildings", str(count)], check=True, capture_output=True)
    if not store.exists():
        subprocess.run([twin, "import", project / "city.yaml", "--store", store], check=True, capture_output=True)
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
    theirs = timed([python, "-c", CJIO, source, glb], runs)
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
    (folder / f'{n}.wkb').write_bytes(block(500000. + n % 100 * 20, 4010000. + n // 100 * 20))
"""
    shutil.rmtree(source, ignore_errors=True)
    subprocess.run([python, "-c", code, str(count), source], check=True)
    run = timed([python.parent / "py3dtiles", "convert", *sorted(source.glob("*.wkb"))[:count], "--out", out, "--overwrite"],
                runs)
    if run is None:
        return [], ["py3dtiles: it cannot convert the blocks"]
    return [[f"py3dtiles, {count} WKB blocks", f"{run.wall:.2f}", f"{run.cpu:.2f}", f"{count / run.wall:.0f}",
             f"{run.peak / 1e6:.0f}"]], []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("twin", type=pathlib.Path)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / ".build/bench-cim")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    twin = arguments.twin.resolve()
    python = environment(work)
    print(f"{datetime.date.today()}; {measure.machine()}\n")
    rows = []
    for count in (20_000, 1_000_000) if arguments.large else (20_000,):
        rows += demo(twin, work, count, arguments.runs if count < 1_000_000 else 1)
    print("Demo city, store to folder\n")
    print(measure.table(["buildings", "threads", "wall s", "CPU s", "buildings / s", "peak MB", "bytes / building",
                         "gzip"], rows))
    rows, missing = rotterdam(twin, work, python, arguments.runs)
    print("\nRotterdam, 853 buildings of LoD2\n")
    print(measure.table(["run", "CPU s", "wall s", "peak MB"], rows))
    others, absent = blocks(work, python, 500, 1)
    print("\nPeer for blocks\n")
    print(measure.table(["run", "wall s", "CPU s", "buildings / s", "peak MB"], others))
    for name in missing + absent:
        print(f"\nleft out: {name}")


if __name__ == "__main__":
    main()
