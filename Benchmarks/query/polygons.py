# SPDX-License-Identifier: Apache-2.0
"""The city of 1.25 million polygons that the query and snapshot rows ask: real shapes with synthetic columns.

    python3 Benchmarks/query/polygons.py TWIN LIECHTENSTEIN.osm.pbf FOLDER

Every building of the extract is repeated 139 times on a grid of 12 columns, about 300 m apart and each copy moved by up
to 30 m, so copies overlap as a dense city does not: a hard case. Class, floors, height, people and year are drawn with
a fixed seed. Writes FOLDER/buildings.geojsonl (430 MB), city.yaml and store, and does nothing if the store is there.
"""

import json
import pathlib
import random
import subprocess
import sys

COPIES = 139
KINDS = (["residential"] * 5 + ["house"] * 4 + ["apartments"] * 2
         + ["commercial", "industrial", "retail", "office", "school", "public", "garage", "farm"])
CITY = """twin: 1
id: polygons
name: {en: 1.25 million buildings}
crs: EPSG:32632
vertical: {datum: unknown}
extent: [9.40, 47.00, 9.75, 47.35]
themes: [{id: base, title: {en: Base map}}]
sources: [{id: b, path: buildings.geojsonl, crs: "EPSG:4326"}]
layers:
  - id: buildings
    title: {en: Buildings}
    theme: base
    department: bench
    geometry: polygon
    source: b
    code: code
    fields:
      - {name: class, type: string}
      - {name: name, type: string}
      - {name: floors, type: integer}
      - {name: height, type: real}
      - {name: people, type: integer}
      - {name: year, type: integer}
"""


def buildings(extract, folder):
    """The extract's buildings as GeoJSON objects."""
    base = folder / "base.geojsonl"
    base.unlink(missing_ok=True)
    subprocess.run(["ogr2ogr", "-q", "-f", "GeoJSONSeq", base, extract, "multipolygons",
                    "-where", "building IS NOT NULL", "-select", "name,building"], check=True)
    with open(base) as lines:
        return [json.loads(line) for line in lines]


def moved(geometry, east, north):
    """The coordinates of a multipolygon as text, moved by degrees."""
    def ring_text(ring):
        return "[" + ",".join(f"[{x + east:.7f},{y + north:.7f}]" for x, y in ring) + "]"

    return ",".join("[" + ",".join(map(ring_text, part)) + "]" for part in geometry["coordinates"])


def columns(feature, number, copy, source):
    kind = feature["properties"].get("building") or "yes"
    if kind == "yes":
        kind = source.choice(KINDS)
    floors = min(40, 1 + int(source.expovariate(0.45)))
    values = {"code": f"B{number:07d}", "class": kind, "floors": floors,
              "height": round(floors * 3.1 + source.random() * 2, 2), "people": int(floors * source.expovariate(0.2))}
    if source.random() < 0.7:
        values["year"] = source.randint(1850, 2025)
    if feature["properties"].get("name"):
        values["name"] = f"{feature['properties']['name']} {copy}"
    return json.dumps(values, ensure_ascii=False)


def write(extract, folder):
    base = buildings(extract, folder)
    source = random.Random(125)
    number = 0
    with open(folder / "buildings.geojsonl", "w") as out:
        for copy in range(COPIES):
            east = 0.0040 * (copy % 12) + source.uniform(-3e-4, 3e-4)
            north = 0.0030 * (copy // 12) + source.uniform(-3e-4, 3e-4)
            for feature in base:
                number += 1
                out.write('{"type":"Feature","properties":' + columns(feature, number, copy, source)
                          + ',"geometry":{"type":"MultiPolygon","coordinates":['
                          + moved(feature["geometry"], east, north) + "]}}\n")
    (folder / "city.yaml").write_text(CITY)


def make(twin, extract, folder):
    """The store, made unless it is there whole."""
    folder = pathlib.Path(folder)
    store = folder / "store"
    if (folder / "done").exists() and store.exists():
        return store
    folder.mkdir(parents=True, exist_ok=True)
    write(extract, folder)
    subprocess.run([twin, "import", str(folder / "city.yaml"), "--store", str(store)], check=True,
                   stdout=sys.stderr)
    (folder / "done").touch()
    return store


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    print(make(*sys.argv[1:]))
