# SPDX-License-Identifier: Apache-2.0
"""OGC API - Features judged from outside: CQL2 by the cql2 package, files by GDAL, edits by OWSLib, /api by schemathesis."""

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

import requests
import shapely
import shapely.geometry

from harness import CHIEF, check, edited_copy, main, required, run, server, skip

BASE = required("E2E_BASE")
STORE = required("E2E_STORE")
LAYER = "buildings"
SEED = int(time.time())


def get(path, base=BASE, **options):
    return requests.get(base + path, timeout=60, **options)


def features(layer=LAYER, base=BASE):
    return get(f"/collections/{layer}/items?limit=100000", base).json()["features"]


class Expressions:
    """Random CQL2 text over the fields of a layer, from its schema and its values."""

    def __init__(self, rows, schema, seed):
        self.random = random.Random(seed)
        self.numbers = [n for n, p in schema.items() if p.get("type") in ("integer", "number") and n != "id"]
        self.texts = [n for n, p in schema.items() if p.get("type") == "string" and "format" not in p]
        self.days = [n for n, p in schema.items() if p.get("format") == "date"]
        self.values = {n: [r["properties"].get(n) for r in rows] for n in self.numbers + self.texts + self.days}
        shapes = [shapely.geometry.shape(r["geometry"]) for r in rows]
        self.box = shapely.total_bounds(shapes)

    def pick(self, items):
        return self.random.choice(items)

    def value(self, name):
        found = [v for v in self.values[name] if v is not None]
        return self.pick(found) if found else 0

    def text(self, value):
        return "'" + str(value).replace("'", "''") + "'"

    def number(self, depth):
        if depth == 0 or self.random.random() < 0.5:
            name = self.pick(self.numbers)
            return self.pick([name, str(self.value(name)), str(self.random.randint(-3, 30))])
        return f"({self.number(depth - 1)} {self.pick(['+', '-', '*'])} {self.number(depth - 1)})"

    def place(self):
        w, s, e, n = self.box
        x, y = self.random.uniform(w, e), self.random.uniform(s, n)
        dx, dy = (e - w) * self.random.uniform(0.01, 0.5), (n - s) * self.random.uniform(0.01, 0.5)
        return self.pick([
            f"BBOX({x},{y},{x + dx},{y + dy})", f"POLYGON(({x} {y},{x + dx} {y},{x + dx / 2} {y + dy},{x} {y}))",
            f"LINESTRING({x} {y},{x + dx} {y + dy})", f"POINT({x} {y})"])

    def condition(self, depth):
        if depth and self.random.random() < 0.4:
            return self.pick([
                lambda: f"({self.condition(depth - 1)} AND {self.condition(depth - 1)})",
                lambda: f"({self.condition(depth - 1)} OR {self.condition(depth - 1)})",
                lambda: f"NOT ({self.condition(depth - 1)})"])()
        compare = self.pick(["=", "<>", "<", "<=", ">", ">="])
        name = self.pick(self.texts)
        part = str(self.value(name))[:3].replace("%", "").replace("_", "")
        choices = [
            f"{self.number(2)} {compare} {self.number(2)}",
            f"{name} {self.pick(['=', '<>'])} {self.text(self.value(name))}",
            f"{name} LIKE {self.text(self.pick([part + '%', '%' + part[-1:] + '%', part]))}",
            f"CASEI({name}) = CASEI({self.text(str(self.value(name)).upper())})",
            f"ACCENTI({name}) <> ACCENTI({self.text(self.value(name))})",
            f"{self.pick(self.numbers)} {self.pick(['', 'NOT '])}BETWEEN {self.random.randint(-2, 9)} AND {self.random.randint(5, 60)}",
            f"{name} {self.pick(['', 'NOT '])}IN ({self.text(self.value(name))}, {self.text(self.value(name))}, 'x')",
            f"{self.pick(self.numbers + self.texts)} IS {self.pick(['', 'NOT '])}NULL",
            f"{self.pick(['S_INTERSECTS', 'S_DISJOINT', 'S_WITHIN'])}(geometry, {self.place()})",
            f"A_CONTAINS(('a', {self.text(self.value(name))}), ('a'))"]
        if self.days:
            day = self.pick(self.days)
            choices += [f"T_{self.pick(['AFTER', 'BEFORE', 'EQUALS'])}({day}, DATE('{self.value(day)}'))",
                        f"T_DURING({day}, INTERVAL('1990-01-01', '2015-06-30'))", f"{day} {compare} DATE('{self.value(day)}')"]
        return self.pick(choices)


def holds(expression, item):
    """What the cql2 package says; an expression that it cannot reduce is unknown, hence no match."""
    try:
        return expression.matches(item)
    except Exception as error:
        if "reduce" in str(error):
            return False
        raise


def cql2_equals_ours():
    try:
        import cql2
    except ImportError:
        skip("CQL2 against the cql2 package", "it is not installed; pip install cql2")
        return
    for layer, count in ((LAYER, 60), ("schools", 60)):
        rows = features(layer)
        schema = get(f"/collections/{layer}/schema").json()["properties"]
        maker = Expressions(rows, schema, SEED)
        if not maker.numbers or not maker.texts:
            continue
        sample = random.Random(SEED).sample(rows, min(400, len(rows)))
        known = {r["id"] for r in sample}
        wrong, refused, matching, names = [], [], 0, list(schema)
        for row in sample:
            for name in names:  # what is absent is null
                row["properties"].setdefault(name, None)
        for _ in range(count):
            text = maker.condition(2)
            answer = get(f"/collections/{layer}/items", params={"filter": text, "limit": 100000})
            if answer.status_code != 200:
                refused.append((text, answer.text[:200]))
                continue
            ours = {f["id"] for f in answer.json()["features"]} & known
            try:
                expression = cql2.Expr(text)
                theirs = {r["id"] for r in sample if holds(expression, {**r, **{"properties": r["properties"]}})}
            except Exception as error:
                refused.append((text, f"cql2: {error}"))
                continue
            matching += len(ours)
            if ours != theirs:
                wrong.append((text, sorted(ours ^ theirs)[:5]))
        check(f"{count} random CQL2 filters on {layer} equal the cql2 package (seed {SEED})", not wrong and matching, wrong[:3])
        check(f"CQL2 filters on {layer} are all understood (seed {SEED})", not refused, refused[:3])


def both_forms():
    rows = {}
    for filter_ in ("id <= 5", '{"op":"<=","args":[{"property":"id"},5]}'):
        rows[filter_] = [f["id"] for f in get(f"/collections/{LAYER}/items", params={"filter": filter_, "limit": 10}).json()["features"]]
    check("CQL2 text and JSON say the same", len(set(map(tuple, rows.values()))) == 1 and rows["id <= 5"] == [1, 2, 3, 4, 5], rows)


def files():
    """Every format is what GDAL reads back, feature by feature."""
    import pyogrio
    truth = {f["id"]: f for f in features("schools")}
    with tempfile.TemporaryDirectory() as folder:
        for name, ending in (("fgb", "fgb"), ("gpkg", "gpkg"), ("csv", "csv"), ("shp", "zip")):
            answer = get(f"/collections/schools/items?f={name}")
            path = pathlib.Path(folder, f"schools.{ending}")
            path.write_bytes(answer.content)
            named = f'filename="schools.{ending}"' in answer.headers.get("Content-Disposition", "")
            meta, _, geometry, values = pyogrio.raw.read(f"/vsizip/{path}" if name == "shp" else path)
            columns = dict(zip(meta["fields"], values))
            ids = [int(v) for v in columns["id"]]
            same = sorted(ids) == sorted(truth) and all(
                columns["name"][i] == truth[k]["properties"]["name"] for i, k in enumerate(ids))
            worst = 0 if geometry is None or name == "csv" else max(
                shapely.hausdorff_distance(shapely.from_wkb(geometry[i]), shapely.geometry.shape(truth[k]["geometry"]))
                for i, k in enumerate(ids))
            check(f"f={name} has all {len(truth)} features, names and places", same and named and worst < 2e-9,
                  f"{len(ids)} read, {worst}°, {answer.headers}")
        gbk = pathlib.Path(folder, "gbk.zip")
        gbk.write_bytes(get("/collections/schools/items?f=shp&encoding=GBK").content)
        listed = run(["ogrinfo", "-al", "-q", f"/vsizip/{gbk}"]).stdout
        name = next(iter(truth.values()))["properties"]["name"]
        table = run(["unzip", "-p", str(gbk), "*.dbf"], errors="replace")
        check("a Shapefile in GBK reads back", name in listed, f"{listed[:300]} {table.stderr}")


def gdal():
    """GDAL's client, which sends filters on where the server says that it takes them, sees what numberMatched counts."""
    for where in ("floors >= 6", "floors IN (1, 2) AND use = '住宅'", "use LIKE '%业%'"):
        counted = get(f"/collections/{LAYER}/items", params={"filter": where, "limit": 1}).json()["numberMatched"]
        said = run(["ogrinfo", "-ro", "-so", "-oo", "PAGE_SIZE=1000", f"OAPIF:{BASE}", LAYER, "-where", where]).stdout
        check(f"GDAL OAPIF -where {where}: {counted}", f"Feature Count: {counted}" in said, said[-500:])


def systems():
    """Positions in EPSG:4326 and in the city's system are PROJ's, in the order of the authority."""
    import pyproj
    layer = get("/collections/schools").json()
    here = get("/collections/schools/items?limit=5").json()["features"]
    for uri in layer["crs"][1:]:
        code = "EPSG:" + uri.rsplit("/", 1)[1]
        there = get("/collections/schools/items", params={"limit": 5, "crs": uri}).json()["features"]
        move = pyproj.Transformer.from_crs("OGC:CRS84", code)
        worst = 0
        for a, b in zip(here, there):
            x, y = shapely.get_coordinates(shapely.geometry.shape(a["geometry"]))[0]
            wanted = move.transform(x, y)
            got = shapely.get_coordinates(shapely.geometry.shape(b["geometry"]))[0]
            worst = max(worst, abs(wanted[0] - got[0]), abs(wanted[1] - got[1]))
        check(f"crs={code}", len(there) == 5 and worst < 2e-3, worst)


def edits():
    """OWSLib writes; a stale ETag is refused; the next read and the next tile have the edit."""
    from owslib.ogcapi.features import Features
    with edited_copy(STORE) as (base, _, store):
        client = Features(base, headers={**CHIEF, "Accept": "application/json"})
        client.headers["Content-Type"] = "application/geo+json"
        before = features("schools", base)
        body = {"type": "Feature", "geometry": before[0]["geometry"], "properties": {"name": "新建小学"}}
        made = client.collection_item_create("schools", json.dumps(body))
        after = features("schools", base)
        new = next((f for f in after if f["properties"]["name"] == "新建小学"), None)
        check("OWSLib creates a feature", made and new and len(after) == len(before) + 1, made)
        body["properties"]["name"] = "改名小学"
        client.collection_item_update("schools", str(new["id"]), json.dumps(body))
        one = get(f"/collections/schools/items/{new['id']}", base)
        check("OWSLib replaces it", one.json()["properties"]["name"] == "改名小学")
        tag = one.headers["ETag"]
        url = f"{base}/collections/schools/items/{new['id']}"
        first = requests.patch(url, json={"properties": {"name": "a"}}, headers={**CHIEF, "If-Match": tag}, timeout=20)
        stale = requests.patch(url, json={"properties": {"name": "b"}}, headers={**CHIEF, "If-Match": tag}, timeout=20)
        check("an edit with a stale ETag is refused with 412", (first.status_code, stale.status_code) == (204, 412),
              f"{first.status_code} {stale.status_code} {stale.text}")
        x, y = shapely.get_coordinates(shapely.geometry.shape(new["geometry"]))[0]
        near = get(f"/query/radius?at={x},{y}&radius=1&layers=schools", base).json()
        check("a query sees it", any(f["id"] == new["id"] for f in near["layers"][0]["features"]))
        batch = {"edits": [{"op": "delete", "id": new["id"]}, {"op": "delete", "id": 999999999}]}
        failed = requests.post(f"{base}/collections/schools/transactions", json=batch, headers=CHIEF, timeout=20)
        check("a failed batch changes nothing", failed.status_code == 404 and get(f"/collections/schools/items/{new['id']}", base).status_code == 200)
        client.collection_item_delete("schools", str(new["id"]))
        check("OWSLib deletes it", get(f"/collections/schools/items/{new['id']}", base).status_code == 404)
        for layer in (LAYER, "roads", "pipe_water"):
            known = get(f"/collections/{layer}/items/1", base)
            name = next(n for n, p in get(f"/collections/{layer}/schema", base).json()["properties"].items()
                        if p.get("type") == "string" and n != "code" and "format" not in p)
            url = f"{base}/collections/{layer}/items/1"
            done = requests.put(url, data=known.content, headers={**CHIEF, "If-Match": known.headers["ETag"], "Content-Type": "application/geo+json"}, timeout=20)
            again = get(f"/collections/{layer}/items/1", base)
            check(f"{layer}: what was read can be written back and stays the same",
                  done.status_code == 204 and again.json()["geometry"] == known.json()["geometry"]
                  and again.json()["properties"] == known.json()["properties"], f"{done.status_code} {done.text}")
            tag = again.headers["ETag"]
            check(f"{layer}: with the same ETag", tag == known.headers["ETag"] == done.headers["ETag"], f"{known.headers['ETag']} {tag}")
            done = requests.patch(url, json={"properties": {name: None}}, headers={**CHIEF, "If-Match": tag}, timeout=20)
            check(f"{layer}: and patched", done.status_code == 204 and get(f"/collections/{layer}/items/1", base).json()["properties"][name] is None, done.text)
        record = run(["ogrinfo", "-so", store / "city.sqlite", "schools"]).stdout
        check("the record has as many as before", f"Feature Count: {len(before)}" in record, record[-400:])


def qgis():
    """QGIS reads the collection page by page, by its box and by an expression, as it is."""
    python = "/usr/bin/python3"
    if run([python, "-c", "import qgis.core"]).returncode != 0:
        skip("QGIS", "this machine has no PyQGIS for its /usr/bin/python3 (Debian: python3-qgis)")
        return
    west, south, east, north = get("/city.json").json()["extent"]
    box = [west + (east - west) * 0.3, south + (north - south) * 0.3, west + (east - west) * 0.7, south + (north - south) * 0.7]
    rows = features()
    inside = shapely.box(*box)
    near = sum(shapely.geometry.shape(f["geometry"]).intersects(inside) for f in rows)
    tall = sum((f["properties"]["floors"] or 0) >= 6 for f in rows)
    script = pathlib.Path(__file__).with_name("qgis_features.py")
    for size in (1000, 77):
        done = run([python, script, BASE, LAYER, size, *box, "floors >= 6"])
        if not check(f"QGIS reads {LAYER} in pages of {size}", done.returncode == 0, done.stderr[-800:]):
            return
        seen = json.loads(done.stdout.splitlines()[-1])
        names = sorted(f["properties"]["name"] for f in rows if f["properties"]["name"])
        check(f"QGIS {seen['version'].split('-')[0]}: all {len(rows)} once, with their names",
              seen["count"] == seen["read"] == len(rows) and seen["names"] == names, {**seen, "names": len(seen["names"])})
        check(f"QGIS: {near} in a box", near > 0 and seen["in box"] == near, seen["in box"])
        check(f"QGIS: {tall} by an expression", tall > 0 and seen["expression"] == tall, seen["expression"])


def paging_under_writes():
    """Pages by their next links while features come, go and change: nothing twice, nothing that stays left out."""
    with edited_copy(STORE) as (base, _, _):
        rows = features("schools", base)
        keep = {f["id"] for f in rows if f["id"] % 3 != 0}
        stop, writes, failures = threading.Event(), [0], []

        def write():
            source, gone = random.Random(SEED), [f["id"] for f in rows if f["id"] % 3 == 0]
            while not stop.is_set():
                edits = [{"op": "create", "feature": {"type": "Feature", "geometry": source.choice(rows)["geometry"],
                                                      "properties": {"name": f"new {writes[0]}"}}}]
                edits.append({"op": "update", "id": source.choice(sorted(keep)), "feature": {"properties": {"name": f"n{writes[0]}"}}})
                if gone and writes[0] % 2:
                    edits.append({"op": "delete", "id": gone.pop()})
                answer = requests.post(f"{base}/collections/schools/transactions", json={"edits": edits}, headers=CHIEF, timeout=30)
                if answer.status_code != 200:
                    failures.append(answer.text[:200])
                writes[0] += 1

        writer = threading.Thread(target=write)
        writer.start()
        wrong, pages = [], 0
        queries = ["limit=7", "limit=11&filter=id%20%3C%20100000&skipGeometry=true", "limit=5&properties=name",
                   "limit=9&sortby=-id", "limit=13&bbox=100,20,140,50"]
        try:
            while writes[0] < 25 and pages < 3000 and not failures:
                query = queries[0]
                queries.append(queries.pop(0))
                seen, url = [], f"{base}/collections/schools/items?{query}"
                while url and pages < 3000:
                    page = requests.get(url, timeout=30).json()
                    pages += 1
                    seen += [f["id"] for f in page["features"]]
                    url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
                    lost = [part for part in query.split("&") if url and part.split("=")[0] not in url]
                    if lost:
                        wrong.append((query, "next lost", lost))
                if len(seen) != len(set(seen)) or not keep <= set(seen):
                    wrong.append((query, len(seen), len(set(seen)), sorted(keep - set(seen))[:5]))
        finally:
            stop.set()
            writer.join()
        check(f"{pages} pages beside {writes[0]} transactions: nothing twice, nothing left out", not wrong and not failures
              and writes[0] > 5, f"{wrong[:3]} {failures[:2]}")


def fuzzed():
    """schemathesis finds no server error, undocumented status or type in what /api says."""
    program = pathlib.Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        skip("schemathesis", "it is not installed; pip install schemathesis")
        return
    with tempfile.TemporaryDirectory() as folder:
        document = pathlib.Path(folder, "api.json")
        document.write_bytes(get("/api").content)
        command = [program, "run", document, "--url", BASE, "--phases", "examples,coverage,fuzzing", "--max-examples", "6",
                   "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                   "--seed", str(SEED), "--suppress-health-check", "all", "--request-timeout", "20", "--workers", "2",
                   "--exclude-path-regex", "/live/stream|/vendor|/web|/archives", "--no-color"]
        try:
            done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=420)
        except subprocess.TimeoutExpired:
            skip(f"schemathesis (seed {SEED})", "it took more than 420 s here")
            return
        check(f"schemathesis finds no lie in /api (seed {SEED})", done.returncode == 0,
              done.stdout[-3000:] + done.stderr[-500:])
    check("the server lives", get("/healthz").status_code == 200)


if __name__ == "__main__":
    main(cql2_equals_ours, both_forms, files, gdal, qgis, systems, edits, paging_under_writes, fuzzed)
