# SPDX-License-Identifier: Apache-2.0
"""The server's interface, judged by programs that were not written here: GDAL, OWSLib, openapi-spec-validator, requests."""

import hashlib
import json
import math
import pathlib
import re
import sqlite3
import tempfile
import threading

import openapi_spec_validator
import pyproj
import requests
import shapely
from harness import check, main, required, run, server, twin_json, wait_until
from owslib.ogcapi.features import Features

STORE = pathlib.Path(required("E2E_STORE"))
BASE = required("E2E_BASE").rstrip("/")
TOKENS = {"fire": ("reader", "restricted"), "gateway": ("sensor", "internal"), "chief": ("admin", "confidential")}


def get(path, base=BASE, token=None, **options):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= options.pop("headers", {})
    return requests.get(base + path, headers=headers, timeout=60, **options)


CITY = get("/city.json").json()
WEST, SOUTH, EAST, NORTH = CITY["extent"]
CENTER = [round((WEST + EAST) / 2, 6), round((SOUTH + NORTH) / 2, 6)]
BOX = [round(v, 6) for v in (CENTER[0] - 0.008, CENTER[1] - 0.006, CENTER[0] + 0.008, CENTER[1] + 0.006)]
LAYERS = {layer["id"]: layer for layer in CITY["layers"]}


def text(values):
    return ",".join(map(str, values))


def tile_of(lon, lat, z):
    y = math.asinh(math.tan(math.radians(lat)))
    return int((lon + 180) / 360 * 2 ** z), int((1 - y / math.pi) / 2 * 2 ** z)


def record(layer):
    """Ids and GEOS geometries of a layer in the record, in lon/lat, by SQLite and pyproj."""
    read = run(["ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", STORE / "city.sqlite", layer, "-t_srs", "EPSG:4326",
                "-dim", "XY", "-lco", "COORDINATE_PRECISION=9", "-preserve_fid"])
    features = [json.loads(line) for line in read.stdout.splitlines()]
    return {f["id"]: (shapely.geometry.shape(f["geometry"]), f["properties"]) for f in features}


def record_opens():
    listing = run(["ogrinfo", "-ro", STORE / "city.sqlite"]).stdout
    check("ogrinfo lists every layer of the store", all(f" {name} (" in listing for name in LAYERS), listing[:500])
    summary = run(["ogrinfo", "-ro", "-so", STORE / "city.sqlite", "buildings"]).stdout
    check("ogrinfo: count and CRS of buildings",
          f"Feature Count: {LAYERS['buildings']['count']}" in summary and "CGCS2000" in summary, summary[:800])


def oapif():
    """GDAL's OGC API - Features client sees what the record holds."""
    listing = run(["ogrinfo", "-ro", f"OAPIF:{BASE}"]).stdout
    check("OAPIF lists the public layers", all(f": {name} (" in listing for name in LAYERS), listing[-600:])
    for layer in ("buildings", "pipe_water", "schools"):
        truth = record(layer)
        read = run(["ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", f"OAPIF:{BASE}", layer, "-oo", "PAGE_SIZE=400",
                    "-lco", "COORDINATE_PRECISION=9", "-preserve_fid"])
        got = [json.loads(line) for line in read.stdout.splitlines()]
        worst = max((shapely.hausdorff_distance(shapely.geometry.shape(f["geometry"]), truth[f["id"]][0])
                     for f in got if f.get("id") in truth), default=9)
        check(f"OAPIF pages through all {len(truth)} of {layer}, geometry within 2 mm",
              sorted(f.get("id", -1) for f in got) == sorted(truth) and worst < 2e-8, f"{len(got)} read, worst {worst}°: {read.stderr[-300:]}")
        box = shapely.box(*BOX)
        wanted = {i for i, (g, _) in truth.items() if g.intersects(box)}
        boxed = run(["ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", f"OAPIF:{BASE}", layer, "-spat", *map(str, BOX),
                     "-preserve_fid"])
        ids = {json.loads(line).get("id") for line in boxed.stdout.splitlines()}
        edge = {i for i in wanted ^ ids if truth[i][0].distance(box.boundary) > 2e-8}
        check(f"OAPIF bbox of {layer} equals GEOS on the record ({len(wanted)})", not edge and wanted, edge)


def paging():
    """Pages by their next links are disjoint and complete; numberMatched is exact."""
    url, ids, pages = f"/collections/street_lamps/items?bbox={text(BOX)}&limit=97", [], 0
    matched = set()
    while url:
        page = get(url).json()
        matched.add(page["numberMatched"])
        ids += [f["id"] for f in page["features"]]
        pages += 1
        url = next((l["href"].removeprefix(BASE) for l in page["links"] if l["rel"] == "next"), None)
    box = shapely.box(*BOX)
    wanted = {i for i, (g, _) in record("street_lamps").items() if g.intersects(box)}
    check(f"next links: {pages} pages, disjoint, complete, exact numberMatched",
          len(ids) == len(set(ids)) and set(ids) == wanted and matched == {len(wanted)} and pages > 1,
          f"{len(ids)} ids, {len(wanted)} wanted, matched {matched}")
    first = [f["id"] for f in get("/collections/street_lamps/items?limit=50").json()["features"]]
    document = get("/api").json()["paths"]["/collections/{id}/items"]["get"]
    promised = "ascending order of ids" in document["summary"]
    check("features come in the order that /api promises", not promised or first == sorted(first), first[:8])
    one = get(f"/collections/buildings/items/{next(iter(record('buildings')))}")
    check("one feature", one.status_code == 200 and one.json()["type"] == "Feature")


def owslib():
    client = Features(BASE, headers={"Accept": "application/json"})
    check("OWSLib: conformance", any("ogcapi-features-1/1.0/conf/core" in c for c in client.conformance()["conformsTo"]))
    check("OWSLib: collections", set(client.feature_collections()) == set(LAYERS))
    page = client.collection_items("schools", limit=5)
    check("OWSLib: items", page["numberReturned"] == 5 == len(page["features"]))
    feature = client.collection_item("schools", str(page["features"][0]["id"]))
    check("OWSLib: one item", feature["id"] == page["features"][0]["id"])
    boxed = client.collection_items("buildings", bbox=BOX, limit=3)
    check("OWSLib: bbox", boxed["numberMatched"] > 3)


def tiles():
    """GDAL's vector tile driver reads a tile, and finds the record's ids at the record's places."""
    z = 15
    x, y = tile_of(*CENTER, z)
    side = 40075016.685578488 / 2 ** z
    unit = side / 4096
    to_mercator = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True).transform
    bounds = (x * side - 20037508.342789244, 20037508.342789244 - (y + 1) * side,
              (x + 1) * side - 20037508.342789244, 20037508.342789244 - y * side)
    for layer in ("street_lamps", "buildings", "roads"):
        with tempfile.NamedTemporaryFile(suffix=".mvt") as file:
            file.write(get(f"/tiles/{layer}/{z}/{x}/{y}.mvt", headers={"Accept-Encoding": "identity"}).content)
            file.flush()
            read = run(["ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", f"MVT:{file.name}", layer, "-lco",
                        "COORDINATE_PRECISION=9", "-oo", f"X={x}", "-oo", f"Y={y}", "-oo",
                        f"Z={z}", "-oo", "METADATA_FILE="])
        mercator = lambda g: shapely.transform(g, lambda c: list(zip(*to_mercator(c[:, 0], c[:, 1]))))
        got = {}
        for line in read.stdout.splitlines():
            feature = json.loads(line)
            got.setdefault(feature["properties"]["mvt_id"], []).append(mercator(shapely.geometry.shape(feature["geometry"])))
        truth = {i: mercator(g) for i, (g, _) in record(layer).items()}
        inside = shapely.box(*bounds)
        wanted = {i for i, g in truth.items() if g.intersects(inside.buffer(-unit)) and (layer != "buildings" or g.area > 99)}
        lost = wanted - set(got)
        # A vertex snaps to the tile's grid, and a simplified line stays within a few units of the true one.
        far = [i for i, parts in got.items() if not all(truth[i].buffer(4 * unit).contains(p) for p in parts)]
        check(f"GDAL reads the tile of {layer}: {len(got)} ids, none lost, all in place", got and not lost and not far,
              f"lost {list(lost)[:5]}, out of place {far[:5]}: {read.stderr[-300:]}")
    names = run(["ogrinfo", "-ro", f"MVT:/vsicurl/{BASE}/tiles/basemap/{z}/{x}/{y}.mvt"]).stdout
    base = [l["id"] for l in CITY["layers"] if l["base"]]
    check("basemap holds base layers and no others",
          "buildings" in names and all(n in base for n in re.findall(r"^\d+: (\w+)", names, re.M)), names)
    tilejson = get("/tiles/basemap.json").json()
    check("TileJSON 3", tilejson["tilejson"] == "3.0.0" and {v["id"] for v in tilejson["vector_layers"]} == set(base))
    check("an empty tile is 204", get("/tiles/basemap/14/0/0.mvt").status_code == 204)


def openapi():
    """The document validates, and every GET it shows answers with its own examples."""
    document = get("/api").json()
    try:
        openapi_spec_validator.validate(document)
        check("openapi-spec-validator takes /api", document["openapi"].startswith("3.1"))
    except Exception as error:
        check("openapi-spec-validator takes /api", False, error)
    check("/api refers to nothing outside", not re.search(r'"\$ref":\s*"[^#]', json.dumps(document)))
    missing = {"/tiles/{tileset}/{z}/{x}/{y}.mvt", "/query/radius", "/live", "/live/stream", "/collections/{id}/items",
               "/3dtiles/{model}/tileset.json", "/healthz", "/metrics", "/city.json", "/style.json"} - set(document["paths"])
    check("/api names every route of the contract", not missing, missing)
    for path, operations in document["paths"].items():
        if "get" not in operations or path == "/live/stream":
            continue
        url, query = path, []
        for parameter in operations["get"].get("parameters", []):
            example = parameter.get("example", parameter.get("schema", {}).get("default"))
            if parameter["in"] == "path":
                url = url.replace("{%s}" % parameter["name"], str(example or "x"))
            elif parameter.get("required"):
                query.append(f"{parameter['name']}={example}")
        answer = get(url + ("?" + "&".join(query) if query else ""))
        documented = set(operations["get"]["responses"]) | {"304"}
        known = str(answer.status_code) in documented or "default" in documented
        check(f"GET {path}", answer.status_code < 500 and known, f"{answer.status_code}, documented {documented}")


def problems():
    cases = {
        "/nothing": 404, "/collections/nope": 404, "/collections/buildings/items/999999999": 404,
        "/collections/buildings/items?bbox=1,2,3": 400, "/collections/buildings/items?limit=0": 400,
        "/collections/buildings/items?bogus=1": 400, "/query/radius?at=1,2": 400, "/query/radius?at=36,120&radius=5": 400,
        "/query/radius?at=120,36&radius=-1": 400, "/tiles/basemap/14/99999/1.mvt": 400, "/tiles/nope/14/1/1.mvt": 404,
        "/tiles/basemap/99/0/0.mvt": 400, "/style.json?lang=fr": 400, "/3dtiles/nope/tileset.json": 404,
        "/query/bbox?bbox=5,5,1,1": 400, "/%ff": 400, "/web/../../etc/passwd": 404, "/vendor/..%2f..%2fetc%2fpasswd": 404,
    }
    for path, status in cases.items():
        answer = get(path)
        body = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        good = (answer.status_code == status and answer.headers["Content-Type"].startswith("application/problem+json")
                and body.get("status") == status and body.get("title") and body.get("detail"))
        check(f"{status} as problem details: {path}", good, f"{answer.status_code} {answer.text[:300]}")
    wrong = requests.delete(BASE + "/collections", timeout=30)
    check("405 with Allow", wrong.status_code == 405 and "GET" in wrong.headers.get("Allow", ""))


def http():
    for path in ("/city.json", f"/tiles/buildings/14/{'/'.join(map(str, tile_of(*CENTER, 14)))}.mvt",
                 "/3dtiles/buildings/tileset.json", "/"):
        plain = get(path, headers={"Accept-Encoding": "identity", "Accept": "*/*"})
        tag = plain.headers.get("ETag")
        again = get(path, headers={"Accept-Encoding": "identity", "If-None-Match": tag or ""})
        check(f"ETag and 304: {path[:40]}", tag and again.status_code == 304 and not again.content,
              f"{tag} {again.status_code}")
        raw = requests.get(BASE + path, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=60)
        zipped = raw.raw.read(decode_content=False)
        check(f"gzip: {path[:40]}", raw.headers.get("Content-Encoding") == "gzip" and zipped[:2] == b"\x1f\x8b"
              and len(zipped) < len(plain.content) and get(path).content == plain.content)
    head = requests.head(BASE + "/city.json", timeout=30)
    check("HEAD", head.status_code == 200 and not head.content)
    health = get("/healthz").json()
    check("/healthz", health["status"] == "ok" and health["layers"] >= 20, health)
    metrics = get("/metrics").text
    bad = [l for l in metrics.splitlines() if l and not re.match(r"^(# (HELP|TYPE) \S+ .+|\w+(\{.*\})? [-+0-9.eInfNa]+)$", l)]
    check("/metrics in the Prometheus format", "twin_" in metrics and not bad, bad[:3])
    style = get("/style.json?lang=en&theme=dark").json()
    urls = re.findall(r'https?://[^"]+', json.dumps(style))
    check("the style asks no other host", style["version"] == 8 and all(u.startswith(BASE) for u in urls), urls[:5])


def command_line_agrees():
    path = f"/query/radius?at={text(CENTER)}&radius=400&layers=buildings,pipe_water,schools&limit=50"
    served = get(path).json()
    told = twin_json("query", "radius", "--store", STORE, "--at", text(CENTER), "--radius", 400, "--layers",
                     "buildings,pipe_water,schools", "--limit", 50, "--json")
    check("twin query radius --json answers as /query/radius does", served["layers"] == told["layers"],
          f"{json.dumps(served['layers'], ensure_ascii=False)[:500]} / {json.dumps(told['layers'], ensure_ascii=False)[:500]}")


def copied(folder):
    """A copy of the store, for what leaves traces in it."""
    copy = pathlib.Path(folder, "store")
    result = run(["cp", "-r", STORE, copy])
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return copy


class Stream:
    """Events of an SSE response, read in the background."""

    def __init__(self, url, token):
        self.response = requests.get(url, headers={"Authorization": f"Bearer {token}"}, stream=True, timeout=60)
        self.events = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        event = {}
        try:
            for line in self.response.iter_lines(chunk_size=1, decode_unicode=True):
                if not line:
                    if "data" in event:
                        self.events.append((event.get("event"), json.loads(event["data"])))
                    event = {}
                elif not line.startswith(":"):
                    key, _, value = line.partition(": ")
                    event[key] = value
        except Exception as error:
            self.events.append(("closed", str(error)))


def access_and_live():
    """A server with an access file: classified layers, live posts and the event stream."""
    with tempfile.TemporaryDirectory() as folder:
        access = pathlib.Path(folder, "access.yaml")
        lines = [f"  - {{name: {name}, sha256: {hashlib.sha256(name.encode()).hexdigest()}, role: {role}, "
                 f"classification: {level}}}" for name, (role, level) in TOKENS.items()]
        access.write_text("tokens:\n" + "\n".join(lines) + "\n")
        with server(copied(folder), "--access", access) as (base, _):
            at = text(CENTER)
            grades = ["public", "internal", "restricted", "confidential"]
            layers = {l["id"]: grades.index(l["classification"])
                      for l in twin_json("info", "--store", STORE, "--json")["layers"]}
            for path, layer in (("/collections/pipe_gas/items", "pipe_gas"), ("/tiles/cameras.json", "cameras"),
                                ("/collections/network_links", "network_links"), ("/live", "sensors"),
                                ("/collections/pipe_points/items/1", "pipe_points"),
                                (f"/query/radius?at={at}&radius=500&layers=pipe_gas", "pipe_gas")):
                status = [get(path, base, token).status_code for token in (None, "gateway", "fire")]
                wanted = [200 if layers[layer] <= clearance else 403 for clearance in (0, 1, 2)]
                check(f"access by classification: {path[:50]}", status == wanted, f"{status}, wanted {wanted}")
            check("a wrong token is 401", get("/collections", base, "stolen").status_code == 401)
            seen = {c["id"] for c in get("/collections", base).json()["collections"]}
            more = {c["id"] for c in get("/collections", base, "fire").json()["collections"]}
            check("the list shows what one may read", "pipe_gas" not in seen and "pipe_gas" in more)
            city, full = get("/city.json", base).json(), get("/city.json", base, "chief").json()
            pipes = lambda c: next(m["count"] for m in c["models"] if m["id"] == "pipes")
            public = sum(l["count"] for l in city["layers"] if l["id"].startswith("pipe_") and l["geometry"] == "line")
            check("city.json counts of a model what its reader may see", pipes(city) == public < pipes(full),
                  f"{pipes(city)} told, {public} readable, {pipes(full)} in all")
            live(base)


def live(base):
    post = lambda body, token="gateway", **headers: requests.post(
        base + "/live", data=body if isinstance(body, bytes) else body.encode(),
        headers={"Authorization": f"Bearer {token}", **headers}, timeout=30)
    lon, lat = CENTER
    line = lambda code, lon, lat, value: json.dumps(
        {"id": code, "lon": lon, "lat": lat, "t": "2026-11-21T08:00:00Z", "kind": "air", "values": {"pm25": value}})
    check("posting needs the role", post(line("E2E-0", lon, lat, 1), "fire").status_code == 403)
    box = text([lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001])
    stream = Stream(f"{base}/live/stream?bbox={box}", "fire")
    wait_until(lambda: stream.events, "the snapshot event")
    check("the stream opens with a snapshot", stream.events[0][0] == "snapshot"
          and stream.events[0][1]["type"] == "FeatureCollection")
    body = "\n".join([line("E2E-1", lon, lat, 31), "not json", line("E2E-2", lon + 0.0005, lat, 7), line("E2E-3", 0, 0, 1)])
    answer = post(body).json()
    check("NDJSON: good lines are taken, bad ones named", answer["accepted"] == 2
          and [r["line"] for r in answer["rejected"]] == [2, 4] and all(r["reason"] for r in answer["rejected"]), answer)
    fresh = lambda: {f["id"] for kind, data in list(stream.events)[1:] if kind == "update" for f in data["features"]}
    wait_until(lambda: {"E2E-1", "E2E-2"} <= fresh(), "the update event", 10)
    check("the stream brings the posted terminals", True)
    feature = {"type": "Feature", "id": "E2E-1", "geometry": {"type": "Point", "coordinates": [lon + 0.02, lat]},
               "properties": {"kind": "air", "t": "2026-11-21T08:00:10Z", "values": {"pm25": 32}}}
    answer = post(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    check("GeoJSON is taken", answer.status_code == 200 and answer.json()["accepted"] == 1, answer.text)
    removed = lambda: [c for kind, data in list(stream.events)[1:] if kind == "update" for c in data["removed"]]
    wait_until(lambda: "E2E-1" in removed(), "the removal event", 10)
    check("a terminal that leaves the box is removed from the stream", True)
    near = get(f"/live?at={lon},{lat}&radius=200", base, "fire").json()["features"]
    check("GET /live within a radius", "E2E-2" in {f["id"] for f in near} and "E2E-1" not in {f["id"] for f in near})
    hit = get(f"/query/radius?at={lon},{lat}&radius=200&layers=live", base, "fire").json()["layers"][0]
    check("the radius query knows live terminals", hit["id"] == "live" and "E2E-2" in {f["id"] for f in hit["features"]})
    check("a body with a coding is 415", post("{}", **{"Content-Encoding": "gzip"}).status_code == 415)
    check("a body above 32 MB is 413", post(b" " * (33 << 20)).status_code == 413)


def edits_show():
    """A change made by SQL in the record (as QGIS makes it) is served without a restart."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(folder)
        with server(copy) as (base, _):
            before = get("/collections/schools/items?limit=100", base).json()
            gone, renamed = (f["id"] for f in before["features"][:2])
            with sqlite3.connect(copy / "city.sqlite") as database:
                database.execute("DELETE FROM schools WHERE id = ?", (gone,))
                database.execute("UPDATE schools SET name = '改名小学' WHERE id = ?", (renamed,))
            database.close()
            wait_until(lambda: get(f"/collections/schools/items/{gone}", base).status_code == 404, "the deletion", 10)
            item = get(f"/collections/schools/items/{renamed}", base).json()
            after = get("/collections/schools/items?limit=100", base).json()
            check("an edit of the record is served", item["properties"]["name"] == "改名小学"
                  and after["numberMatched"] == before["numberMatched"] - 1, item)


def demonstration():
    """What scripts/demo serves: without an access file, the sensors move."""
    found = lambda: get("/city.json").json()["live"]["count"] > 0
    try:
        wait_until(found, "a live terminal that anybody may see", 10)
        check("the demo city shows live terminals to anybody", True)
    except AssertionError as error:
        check("the demo city shows live terminals to anybody", False, f"{error}; GET /live: {get('/live').text[:200]}")


main(record_opens, oapif, paging, owslib, tiles, openapi, problems, http, command_line_agrees, access_and_live,
     edits_show, demonstration)
