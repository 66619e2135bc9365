# SPDX-License-Identifier: Apache-2.0
"""Pipes of the demo city: sections, the check and its map layer, terrain meshes and the inventory, against other readers."""

import json
import math
import pathlib
import struct
import tempfile
import xml.etree.ElementTree

import pyproj
import requests
from harness import check, main, required, run, twin, twin_json, TWIN

BASE = required("E2E_BASE").rstrip("/")
STORE = required("E2E_STORE")
DEMO = pathlib.Path(required("E2E_DEMO"))
SESSION = requests.Session()
CITY = SESSION.get(BASE + "/city.json", timeout=60).json()


def get(path, **parameters):
    return SESSION.get(BASE + path, params=parameters, timeout=120)


def middle_pipe():
    """A water main near the middle of the city: its id and line."""
    box = CITY["extent"]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    answer = get("/query/radius", at=f"{x},{y}", radius=20000, layers="pipe_water", limit=1).json()
    feature = answer["layers"][0]["features"][0]
    return feature["id"], feature["geometry"]["coordinates"]


def across(line, metres):
    """A line square to the middle of another one, as lon,lat,lon,lat."""
    (x1, y1), (x2, y2) = line[0][:2], line[-1][:2]
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    east = 111_320 * math.cos(math.radians(y))
    dx, dy = (x2 - x1) * east, (y2 - y1) * 110_950
    length = math.hypot(dx, dy)
    nx, ny = -dy / length * metres / east, dx / length * metres / 110_950
    return f"{x - nx:.8f},{y - ny:.8f},{x + nx:.8f},{y + ny:.8f}"


def sections():
    identifier, line = middle_pipe()
    cut = across(line, 12)
    answer = get("/query/section", line=cut)
    check("a section answers", answer.status_code == 200, answer.text)
    section = answer.json()
    stations = [item["station"] for item in section["crossings"]]
    check("crossings are in order", stations == sorted(stations) and len(stations) > 2, stations)
    own = [item for item in section["crossings"] if item["layer"] == "pipe_water" and item["id"] == identifier]
    check("the pipe is crossed in the middle", own and abs(own[0]["station"] - section["length"] / 2) < 0.05, section)
    check("it is crossed square", own and own[0]["angle"] > 89, own)
    for item in section["crossings"]:
        feature = get(f"/collections/{item['layer']}/items/{item['id']}").json()["properties"]
        check(f"{item['layer']} has its record's class", feature["class"] == item["title"], (feature, item))
        # Depths are to the top or the invert of the class.
        depth = item["ground"] - (item["invert"] if item["class"] in ("storm", "sewage") else item["top"])
        low, high = sorted([feature["depth_from"], feature["depth_to"]])
        check(f"{item['layer']} lies at its depth", low - 0.6 < depth < high + 0.6, (depth, feature, item))
    check("ground is the terrain", section["ground_source"] == "terrain" and len(section["ground"]) > 20, section)
    told = twin_json("query", "section", "--store", STORE, "--line", cut, "--json")
    check("the command says the same", told["clearances"] and len(told["crossings"]) >= len(stations), told)
    picture = get("/query/section", line=cut, f="svg")
    root = xml.etree.ElementTree.fromstring(picture.content)
    shapes = [e for e in root.iter() if e.tag.endswith("ellipse") or e.tag.endswith("rect")]
    check("the picture has every pipe", len(shapes) == len(stations) + 1, len(shapes))
    run_of = get("/query/section", run=f"pipe_water/{identifier}").json()
    check("a run follows its pipe", any(item["id"] == identifier for item in run_of["along"]), run_of["along"])
    for query in ({}, {"line": "1,2"}, {"line": cut, "run": "a/1"}, {"line": cut, "corridor": "99"}, {"line": cut, "f": "x"}):
        check(f"refused: {query}", get("/query/section", **query).status_code == 400)


def findings():
    answer = get("/check/pipes", limit=0).json()
    check("the check counts", answer["pipes"] > 100 and answer["total"] == sum(answer["counts"].values()), answer)
    report = run([TWIN, "check", "pipes", "--store", STORE, "--json"])
    check("the command's status says so", report.returncode == 1, report.stderr)
    whole = json.loads(report.stdout)
    check("the command finds at least as much", whole["total"] >= answer["total"], (whole["counts"], answer["counts"]))
    check("nothing is left out", len(whole["findings"]) == whole["total"])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "findings.geojson"
        twin("check", "pipes", "--store", STORE, "--layer-out", path)
        layer = json.loads(path.read_text())
        check("the layer has every finding", len(layer["features"]) == whole["total"])
    seen, page = 0, get("/check/pipes", limit=500).json()
    while True:
        seen += len(page["findings"])
        if "next" not in page:
            break
        page = SESSION.get(page["next"], timeout=120).json()
    check("pages add up", seen == answer["total"], (seen, answer["total"]))
    some = get("/check/pipes", kind="crossing-clearance", f="geojson").json()
    check("kinds are chosen", 0 < some["numberMatched"] == answer["counts"]["crossing-clearance"], some["numberMatched"])
    check("an unknown kind is refused", get("/check/pipes", kind="rust").status_code == 400)


def read_mesh(data):
    """Heights by (u, v) of a quantized-mesh tile, and its edges."""
    low, high = struct.unpack_from("<ff", data, 24)
    count, = struct.unpack_from("<I", data, 88)
    at, series = 92, []
    for _ in range(3):
        value, values = 0, []
        for coded in struct.unpack_from(f"<{count}H", data, at):
            value += (coded >> 1) ^ -(coded & 1)
            values.append(value)
        series.append(values)
        at += 2 * count
    return {(u, v): low + h / 32767 * (high - low) for u, v, h in zip(*series)}


def terrain():
    layer = get("/terrain/mesh/layer.json").json()
    check("meshes are described", layer["format"] == "quantized-mesh-1.0" and layer["geoid_separation"] == 8, layer)
    level = layer["maxzoom"]
    box = CITY["extent"]
    size = 180 / 2**level
    x, y = int(((box[0] + box[2]) / 2 + 180) / size), int(((box[1] + box[3]) / 2 + 90) / size)
    tiles = {}
    for column, row in ((x, y), (x + 1, y), (x, y + 1)):
        answer = get(f"/terrain/mesh/{level}/{column}/{row}.terrain")
        check(f"mesh {level}/{column}/{row}", answer.status_code == 200, answer.text[:200])
        tiles[column, row] = read_mesh(answer.content)
    here = tiles[x, y]
    east = {v: h for (u, v), h in here.items() if u == 32767}
    check("edges to the east agree", east == {v: h for (u, v), h in tiles[x + 1, y].items() if u == 0})
    north = {u: h for (u, v), h in here.items() if v == 32767}
    check("edges to the north agree", north == {u: h for (u, v), h in tiles[x, y + 1].items() if v == 0})
    worst = 0
    for (u, v), height in list(here.items())[::211]:
        place = f"{-180 + (x + u / 32767) * size},{-90 + (y + v / 32767) * size}"
        told = get("/elevation", at=place).json()["elevation"]
        worst = max(worst, abs(height - 8 - told))
    check("heights are the ground's plus the separation", worst < 0.02, worst)
    missing = get(f"/terrain/mesh/{level}/0/0.terrain")
    check("a mesh that is not there is 404", missing.status_code == 404)
    check("a tile that cannot be is 400", get("/terrain/mesh/0/5/0.terrain").status_code == 400)
    at = f"{(box[0] + box[2]) / 2},{(box[1] + box[3]) / 2}"
    told = twin_json("query", "height", "--store", STORE, "--at", at, "--json")
    check("the command knows the ground", abs(told["elevation"] - get("/elevation", at=at).json()["elevation"]) < 1e-3)


def parts():
    tileset = get("/3dtiles/parts/tileset.json")
    check("street assets are a tileset", tileset.status_code == 200, tileset.text[:200])
    outcome = run([TWIN, "check", "tiles3d", f"{BASE}/3dtiles/parts/tileset.json", "--json"])
    check("the tileset is sound", outcome.returncode == 0, outcome.stdout[:1500] + outcome.stderr)


def inventory():
    answer = get("/inventory").json()
    told = twin_json("info", "--store", STORE, "--json")["cim"]
    check("the inventory has levels", {item["id"] for item in told["levels"]} >= {"CIM1", "CIM2"}, told["levels"])
    layers = [entry for entry in answer["entries"] if entry["kind"] == "layer"]
    check("counts add up", sum(entry["count"] for entry in layers) == sum(g["count"] for g in answer["levels"]))
    check("the caller's layers only", len(layers) == len(CITY["layers"]), (len(layers), len(CITY["layers"])))
    water = next(entry for entry in layers if entry["id"] == "pipe_water")
    items = get("/collections/pipe_water/items", limit=10000).json()
    if items["numberMatched"] == len(items["features"]):
        geodesic = pyproj.Geod(ellps="WGS84")
        length = sum(
            geodesic.line_length(*zip(*[p[:2] for p in f["geometry"]["coordinates"]])) for f in items["features"]
        )
        check("lengths are those of the lines", abs(water["length"] / length - 1) < 1e-3, (water["length"], length))


if __name__ == "__main__":
    main(sections, findings, terrain, parts, inventory)
