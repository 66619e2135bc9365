# SPDX-License-Identifier: Apache-2.0
"""The real cities of cities/*.yaml: imported, checked, and asked questions whose answers GEOS and PROJ know too.

Needs the shared data: $TWIN_SHARED_DATA, or ../shared/data beside the checkout. Skipped, and counted so, without it.
"""

import csv
import io
import json
import os
import pathlib
import random
import tempfile
import time

import numpy
import pyproj
import requests
import shapely
from harness import ROOT, SHARED_DATA, check, main, run, server, skip, twin

SEED = int(os.environ.get("E2E_CITY_SEED", "20261121"))
CITIES = sorted((ROOT / "cities").glob("*.yaml"))
QUESTIONS = 12


def record(store, layer):
    """Ids and geometries of a layer in the city's system, read from city.sqlite by GDAL and GEOS."""
    read = run(["ogr2ogr", "-f", "CSV", "/vsistdout/", store / "city.sqlite", "-dim", "XY", "-lco", "GEOMETRY=AS_WKT",
                "-sql", f'SELECT id AS number, geom FROM "{layer}"'])
    csv.field_size_limit(1 << 30)
    rows = list(csv.DictReader(io.StringIO(read.stdout)))
    return (numpy.array([int(r["number"]) for r in rows]),
            shapely.from_wkt(numpy.array([r["WKT"] for r in rows], dtype=object)))


def report_is_honest(name, store):
    report = json.loads((store / "import-report.json").read_text())
    bad = []
    for source in report["sources"]:
        rejected = source["rejected"]
        if source["read"] != source["kept"] + sum(r["count"] for r in rejected):
            bad.append((source["source"], "read is not kept + rejected"))
        bad += [(source["source"], r) for r in rejected if not r["reason"] or not r["examples"]]
        if source["status"] != "imported":
            bad.append((source["source"], source.get("failure")))
    kept = sum(s["kept"] for s in report["sources"])
    check(f"{name}: {kept} features of {len(report['sources'])} sources, none rejected without a reason", not bad, bad[:3])
    return report


def questions(name, store, base):
    """Random radius and box questions; features within 3 mm of the edge may fall on either side."""
    city = requests.get(base + "/city.json", timeout=60).json()
    system = pyproj.Transformer.from_crs("EPSG:4326", city["crs"], always_xy=True)
    layers = {layer["id"]: record(store, layer["id"]) for layer in city["layers"]}
    check(f"{name}: the record holds what city.json counts",
          all(len(layers[l["id"]][0]) == l["count"] for l in city["layers"]))
    trees = {i: shapely.STRtree(shapes) for i, (_, shapes) in layers.items()}
    chance = random.Random(f"{SEED} {name}")
    wrong, hits, worst = {"radius": [], "box": []}, {"radius": 0, "box": 0}, 0.0
    populated = [i for i, (ids, _) in layers.items() if len(ids)]
    for _ in range(QUESTIONS):
        ids, shapes = layers[chance.choice(populated)]
        anchor = shapes[chance.randrange(len(shapes))].centroid
        lon, lat = (round(v, 7) for v in system.transform(
            anchor.x + chance.uniform(-300, 300), anchor.y + chance.uniform(-300, 300), direction="INVERSE"))
        radius = chance.choice([25, 150, 600, 2500])
        worst = max(worst, radius_question(base, layers, trees, system, (lon, lat), radius, wrong, hits))
        size = chance.choice([0.0005, 0.004, 0.03])
        box_question(base, layers, trees, system, [round(v, 7) for v in (lon, lat, lon + size, lat + size * 0.7)], wrong, hits)
    check(f"{name}: {QUESTIONS} radius questions, {hits['radius']} hits, equal GEOS on the record (seed {SEED})",
          not wrong["radius"] and hits["radius"], wrong["radius"][:3])
    check(f"{name}: distances are those of GEOS within 2 mm", worst < 0.002, f"{worst} m")
    check(f"{name}: {QUESTIONS} box questions, {hits['box']} hits, equal GEOS on the record (seed {SEED})",
          not wrong["box"] and hits["box"], wrong["box"][:3])


def radius_question(base, layers, trees, system, at, radius, wrong, hits):
    url = f"{base}/query/radius?at={at[0]},{at[1]}&radius={radius}&limit=10000"
    answer = requests.get(url, timeout=60).json()
    point = shapely.Point(system.transform(*at))
    worst = 0.0
    for part in answer["layers"]:
        ids, shapes = layers[part["id"]]
        near = trees[part["id"]].query(point, predicate="dwithin", distance=radius + 0.003)
        distance = dict(zip(ids[near].tolist(), shapely.distance(shapes[near], point).tolist()))
        told = {f["id"]: f["distance"] for f in part["features"]}
        sure = {i for i, d in distance.items() if d < radius - 0.003}
        # Beyond the limit of one answer only the count is compared.
        listed = part["count"] <= 10000
        good = len(sure) <= part["count"] <= len(distance)
        if listed:
            good &= sure <= set(told) <= set(distance) and len(told) == part["count"]
        if not good:
            wrong["radius"].append((url, part["id"], part["count"], len(sure), len(distance)))
        worst = max([worst] + [abs(d - distance[i]) for i, d in told.items() if i in distance])
        hits["radius"] += part["count"]
    return worst


def box_question(base, layers, trees, system, box, wrong, hits):
    url = f"{base}/query/bbox?bbox={','.join(map(str, box))}&limit=10000"
    answer = requests.get(url, timeout=60).json()
    outline = shapely.segmentize(shapely.box(*box), (box[2] - box[0]) / 200)
    area = shapely.transform(outline, lambda c: numpy.column_stack(system.transform(c[:, 0], c[:, 1])))
    for part in answer["layers"]:
        ids, _ = layers[part["id"]]
        sure = set(ids[trees[part["id"]].query(area.buffer(-0.003), predicate="intersects")].tolist())
        most = set(ids[trees[part["id"]].query(area.buffer(0.003), predicate="intersects")].tolist())
        told = {f["id"] for f in part["features"]}
        if not (sure <= told <= most and part["count"] == len(told)):
            wrong["box"].append((url, part["id"], part["count"], len(sure), len(most)))
        hits["box"] += part["count"]


def city(path):
    def part():
        with tempfile.TemporaryDirectory() as folder:
            store = pathlib.Path(folder, "store")
            started = time.monotonic()
            result = twin("import", path, "--store", store, env=os.environ | {"TWIN_DATA": str(SHARED_DATA)})
            if not check(f"{path.stem}: imported in {time.monotonic() - started:.1f} s", result.returncode == 0,
                         (result.stdout + result.stderr)[-1500:]):
                return
            report_is_honest(path.stem, store)
            checked = twin("check", "--store", store)
            check(f"{path.stem}: twin check", checked.returncode == 0, checked.stdout[-500:])
            listing = run(["ogrinfo", "-ro", "-so", "-al", store / "city.sqlite"])
            check(f"{path.stem}: ogrinfo opens the store", listing.returncode == 0 and "Feature Count" in listing.stdout)
            with server(store) as (base, _):
                questions(path.stem, store, base)
                models = requests.get(base + "/city.json", timeout=60).json()["models"]
                for model in models:
                    tileset = requests.get(base + model["url"], timeout=60)
                    check(f"{path.stem}: 3D model {model['id']} of {model['count']} objects",
                          tileset.status_code == 200 and model["count"] > 0, tileset.text[:200])
    part.__name__ = path.stem
    return part


if SHARED_DATA.is_dir():
    main(*(city(path) for path in CITIES))
else:
    main(*((lambda n=p.stem: skip(n, f"no shared data at {SHARED_DATA}")) for p in CITIES))
