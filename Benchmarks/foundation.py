# SPDX-License-Identifier: Apache-2.0
"""The foundation's rows: import against ogr2ogr, generate, memory at scale, start of the server.

    python3 Benchmarks/foundation.py TWIN [--large]
"""

import datetime
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import yaml

import measure

TWIN = sys.argv[1]
LARGE = "--large" in sys.argv
ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("TWIN_SHARED_DATA", ROOT.parent / "shared/data"))
WORK = pathlib.Path(tempfile.mkdtemp(prefix="twin-bench-"))

KINDS = {"Point": "point", "LineString": "line", "MultiLineString": "line", "Polygon": "polygon",
         "MultiPolygon": "polygon", "Unknown (any)": "polygon"}


def layer_of(path, layer, encoding):
    """Field names and geometry type as ogrinfo reports them."""
    command = ["ogrinfo", "-ro", "-so"] + (["-oo", f"ENCODING={encoding}"] if encoding else [])
    command += [str(path)] + ([layer] if layer else ["-al"])
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    fields, kind = [], "polygon"
    for line in text.splitlines():
        name, _, rest = line.partition(": ")
        if line.startswith("Geometry: "):
            kind = KINDS.get(rest.replace("3D ", "").replace(" ", ""), KINDS.get(rest, "polygon"))
        if rest.split(" ")[0] in ("String", "Integer", "Integer64", "Real", "Date", "DateTime") and "(" in rest:
            fields.append((name, rest.split(" ")[0].split("(")[0]))
    return fields, kind


def project(name, path, layer, crs, extent, encoding=None):
    """A city of one layer that keeps every field of a source."""
    fields, kind = layer_of(path, layer, encoding)
    types = {"Integer": "integer", "Integer64": "integer", "Real": "real", "Date": "date", "DateTime": "datetime"}
    lines = ["twin: 1", f"id: {name}", f"name: {name}", f"crs: {crs}", "vertical: {datum: unknown}", f"extent: {extent}",
             "themes: [{id: base}]", "sources:",
             f"  - {{id: s, path: {json.dumps(str(path))}" + (f", layer: {layer}" if layer else "")
             + (f", encoding: {encoding}" if encoding else "") + "}",
             "layers:", f"  - id: l\n    theme: base\n    department: bench\n    geometry: {kind}\n    source: s\n    fields:"]
    for index, (field, kind_of) in enumerate(fields):
        lines.append(f"      - {{name: f{index}, from: {json.dumps(field, ensure_ascii=False)}, type: {types.get(kind_of, 'string')}}}")
    file = WORK / f"{name}.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def replicated(copies):
    """The buildings of Liechtenstein on a grid of copies, as a GeoPackage: real shapes, synthetic placement."""
    base = WORK / "base.gpkg"
    subprocess.run(["ogr2ogr", "-q", "-f", "GPKG", base, DATA / "osm/liechtenstein.osm.pbf", "multipolygons", "-where",
                    "building IS NOT NULL", "-nln", "b", "-select", "osm_way_id,name,building"], check=True)
    target = WORK / f"liechtenstein-{copies}.gpkg"
    for x in range(copies):
        for y in range(copies):
            sql = f"SELECT osm_way_id, name, building, ShiftCoords(geom, {x * 0.0007}, {y * 0.0005}) AS geom FROM b"
            mode = ["-lco", "SPATIAL_INDEX=NO"] if (x, y) == (0, 0) else ["-append"]
            subprocess.run(["ogr2ogr", "-q", "-f", "GPKG", target, base, "-dialect", "sqlite", "-sql", sql, "-nln", "b",
                            "-nlt", "MULTIPOLYGON", "-a_srs", "EPSG:4326"] + mode, check=True)
    return target


def import_rows():
    demo = WORK / "demo"
    subprocess.run([TWIN, "generate", "--out", demo, "--buildings", "20000"], check=True, capture_output=True)
    cases = [("demo buildings, 20,000, GBK shapefile", demo / "sources/buildings.shp", None, "EPSG:4549",
              "[119.87, 36.18, 120.16, 36.37]", "GBK")]
    if DATA.is_dir():
        landuse = WORK / "hangzhou.geojson"
        landuse.write_bytes(__import__("gzip").open(DATA / "osm/cn/hangzhou-landuse.geojson.gz").read())
        cases += [
            ("Liechtenstein buildings 5 x 5, 225 k, GeoPackage", replicated(5), "b", "EPSG:2056", "[9.4, 47.0, 9.7, 47.3]", None),
            ("Hangzhou land use, 8.7 k, GeoJSON", landuse, None, "EPSG:4549", "[119.5, 29.8, 120.7, 30.7]", None),
            ("Washington bollards, 11.6 k, GeoJSON", DATA / "assets/dc-bollards.geojson", None, "EPSG:26985",
             "[-77.13, 38.79, -76.90, 39.0]", None),
            ("Washington planned land use, 1.6 k large, GeoJSON", DATA / "planning/dc-land-use-planned-2006.geojson", None,
             "EPSG:26985", "[-77.13, 38.79, -76.90, 39.0]", None),
        ]
    else:
        print(f"no data at {DATA}: the rows of real data are left out", file=sys.stderr)
    rows = []
    for index, (title, path, layer, crs, extent, encoding) in enumerate(cases):
        yaml = project(f"bench{index}", path, layer, crs, extent, encoding)
        store, gpkg = WORK / "store", WORK / "peer.gpkg"

        def clean():
            shutil.rmtree(store, ignore_errors=True)
            gpkg.unlink(missing_ok=True)

        ours_command = [TWIN, "import", str(yaml), "--store", str(store), "--json"]
        theirs_command = ["ogr2ogr", "-q", "-f", "GPKG", str(gpkg), str(path)] + ([layer] if layer else [])
        if encoding:
            theirs_command[1:1] = ["-oo", f"ENCODING={encoding}"]
        ours, theirs = measure.paired(ours_command, theirs_command, clean)
        clean()
        count = json.loads(measure.run(ours_command).output)["sources"][0]["kept"]
        rows.append((title, f"{count / ours.cpu / 1000:.0f} k/s ({ours.cpu:.2f} s)",
                     f"{count / theirs.cpu / 1000:.0f} k/s ({theirs.cpu:.2f} s)", f"{theirs.cpu / ours.cpu:.2f}",
                     f"{ours.peak / 1e6:.0f} / {theirs.peak / 1e6:.0f} MB"))
    print("\n### Import: features per CPU second against ogr2ogr\n")
    print(measure.table(["source", "twin import", "ogr2ogr -f GPKG", "ratio", "peak memory"], rows))
    print("\ntwin import also reprojects to the city's system, checks and repairs polygons, writes the snapshot with its "
          "index and opens the store; ogr2ogr copies. Medians of three paired runs.")
    return demo


def city_rows(demo):
    """Whole cities: every layer that GDAL reads, in one import, against one ogr2ogr for each of its sources."""
    cities = [("demo city, 20,000 buildings", demo / "city.yaml")]
    if DATA.is_dir():
        os.environ["TWIN_DATA"] = str(DATA)
        cities += [(name, ROOT / f"cities/{name.lower()}.yaml") for name in ("Shanghai", "Helsinki", "Washington")]
    rows = []
    for title, file in cities:
        city = yaml.safe_load(file.read_text())
        sources = {s["id"]: s for s in city["sources"] if s.get("format", "gdal") == "gdal"}
        wanted = [layer for layer in city["layers"]
                  if all(s in sources for s in layer.get("sources", [layer.get("source")]))]
        store, gpkg = WORK / "store", WORK / "peer.gpkg"
        ours, theirs = [], []
        for _ in range(3):
            shutil.rmtree(store, ignore_errors=True)
            run = measure.run([TWIN, "import", str(file), "--store", str(store), "--json", "--layers"]
                              + [layer["id"] for layer in wanted])
            if run.status:
                raise SystemExit(run.output[-2000:])
            ours.append(run.cpu)
            features = sum(layer["count"] for layer in json.loads(run.output[run.output.index("{"):])["layers"])
            total = 0
            for layer in wanted:
                for source in layer.get("sources", [layer.get("source")]):
                    total += peer(sources[source], file.parent, gpkg).cpu
            theirs.append(total)
        a, b = sorted(ours)[1], sorted(theirs)[1]
        rows.append((title, len(wanted), f"{features:,}", f"{features / a / 1000:.0f} k/s ({a:.2f} s)",
                     f"{features / b / 1000:.0f} k/s ({b:.2f} s)", f"{b / a:.2f}"))
    print("\n### Import of whole cities: every layer that GDAL reads\n")
    print(measure.table(["city", "layers", "features", "twin import", "ogr2ogr, one run a source", "ratio"], rows))


def peer(source, folder, gpkg):
    gpkg.unlink(missing_ok=True)
    path = os.path.expandvars(source["path"])
    prefix = next((p for p in ("/vsigzip/", "/vsizip/") if path.startswith(p)), "")
    bare = path[len(prefix):]
    path = prefix + (bare if bare.startswith("/") else str(folder / bare))
    command = ["ogr2ogr", "-q", "-f", "GPKG", str(gpkg), path, "-nln", "l"]
    if source.get("layer"):
        command.insert(6, source["layer"])
    if source.get("filter"):
        command += ["-where", source["filter"]]
    if source.get("encoding") and path.endswith(".shp"):
        command[1:1] = ["-oo", f"ENCODING={source['encoding']}"]
    run = measure.run(command)
    if run.status:
        raise SystemExit(f"{' '.join(command)}: {run.output[-1000:]}")
    return run


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_row(demo):
    store = WORK / "demo.store"
    subprocess.run([TWIN, "import", demo / "city.yaml", "--store", store], check=True, capture_output=True)
    samples = []
    for _ in range(5):
        port = free_port()
        started = time.monotonic()
        server = subprocess.Popen([TWIN, "serve", "--store", store, "--port", str(port)], stderr=subprocess.DEVNULL)
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/tiles/basemap/14/13654/6413.mvt", timeout=1).read()
                break
            except OSError:
                time.sleep(0.005)
        samples.append(time.monotonic() - started)
        server.terminate()
        server.wait()
    print("\n### Start of `twin serve` on the demo city (20,000 buildings), process start to first tile\n")
    print(measure.table(["runs", "minimum", "median", "goal"],
                        [(len(samples), f"{min(samples):.2f} s", f"{sorted(samples)[2]:.2f} s", "< 1 s")]))


def scale_rows():
    rows = []
    for count in [20_000, 100_000] + ([1_000_000] if LARGE else []):
        out, store = WORK / f"city{count}", WORK / f"store{count}"
        made = measure.run([TWIN, "generate", "--out", str(out), "--buildings", str(count)])
        taken = measure.run([TWIN, "import", str(out / "city.yaml"), "--store", str(store), "--json"])
        if made.status or taken.status:
            raise SystemExit((made.output + taken.output)[-2000:])
        features = sum(layer["count"] for layer in json.loads(taken.output)["layers"])
        rows.append((f"{count:,}", f"{made.cpu:.1f} s / {made.peak / 1e6:.0f} MB", f"{features:,}",
                     f"{taken.cpu:.1f} s / {taken.peak / 1e6:.0f} MB", f"{features / taken.cpu / 1000:.0f} k/s"))
        shutil.rmtree(out)
        shutil.rmtree(store)
    print("\n### Whole demo cities: CPU seconds and peak memory (goal at 1,000,000 buildings: < 1.5 GB)\n")
    print(measure.table(["buildings", "generate", "features of all layers", "import", "features per CPU second"], rows))


print(f"{datetime.date.today()}, {measure.machine()}")
print(subprocess.run(["ogr2ogr", "--version"], capture_output=True, text=True).stdout.strip())
try:
    demo_folder = import_rows()
    city_rows(demo_folder)
    start_row(demo_folder)
    scale_rows()
finally:
    shutil.rmtree(WORK)
