# SPDX-License-Identifier: Apache-2.0
"""Every conformance class of OGC API - Features, CQL2 that /conformance names does what it says, and none is unnamed here.

One look at each class; features_test.py and limits_test.py go deeper.
"""


import requests

from harness import CHIEF, check, edited_copy, main, required, server

STORE = required("E2E_STORE")
SPEC = "http://www.opengis.net/spec/"
ITEMS = "/collections/buildings/items"


class Site:
    """A server of a copy of the store."""

    def __init__(self, base):
        self.base = base
        self.rows = self.get(f"{ITEMS}?limit=100000").json()["features"]

    def get(self, path, **options):
        return requests.get(self.base + path, timeout=60, **options)

    def send(self, method, path, body=None, **headers):
        return requests.request(method, self.base + path, json=body, headers={**CHIEF, **headers}, timeout=60)

    def ids(self, filter_, **more):
        answer = self.get(ITEMS, params={"filter": filter_, "limit": 100000, **more})
        assert answer.status_code == 200, answer.text
        return {f["id"] for f in answer.json()["features"]}

    def where(self, test):
        return {f["id"] for f in self.rows if test(f["properties"])}

    def same(self, filter_, test):
        """The filter finds what Python finds, and not everything or nothing."""
        found = self.ids(filter_)
        return found == self.where(test) and 0 < len(found) < len(self.rows)


def text(value):
    return value or ""


def made(site):
    """A new school: its path."""
    point = site.get("/collections/schools/items?limit=1").json()["features"][0]["geometry"]
    body = {"type": "Feature", "geometry": point, "properties": {"name": "测试"}}
    answer = site.send("POST", "/collections/schools/items", body)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"].removeprefix(site.base), body


def replaced(site):
    path, body = made(site)
    body["properties"]["name"] = "改"
    changed = site.send("PUT", path, body).status_code == 204 and site.get(path).json()["properties"]["name"] == "改"
    return changed and site.send("DELETE", path).status_code == 204 and site.get(path).status_code == 404


def updated(site):
    path, _ = made(site)
    done = site.send("PATCH", path, {"properties": {"capacity": 7}}).status_code == 204
    now = site.get(path).json()["properties"]
    return done and now["capacity"] == 7 and now["name"] == "测试"


def locked(site):
    path, _ = made(site)
    tag = site.get(path).headers["ETag"]
    first = site.send("PATCH", path, {"properties": {"name": "a"}}, **{"If-Match": tag})
    second = site.send("PATCH", path, {"properties": {"name": "b"}}, **{"If-Match": tag})
    return (first.status_code, second.status_code) == (204, 412) and first.headers["ETag"] != tag


def options(site):
    allow = site.send("OPTIONS", "/collections/schools/items").headers["Allow"]
    one = site.send("OPTIONS", "/collections/schools/items/1").headers["Allow"]
    return "POST" in allow and all(m in one for m in ("PUT", "PATCH", "DELETE"))


def middle(site):
    x0, y0, x1, y1 = site.get("/city.json").json()["extent"]
    return x0 + (x1 - x0) * 0.4, y0 + (y1 - y0) * 0.4, x0 + (x1 - x0) * 0.6, y0 + (y1 - y0) * 0.6


def spatial(site, relation, literal):
    """A relation and its negation share everything between them."""
    yes, no = site.ids(f"{relation}(geometry, {literal})"), site.ids(f"NOT {relation}(geometry, {literal})")
    return not yes & no and len(yes) + len(no) == len(site.rows) and no


def links(site, path, relation):
    return any(link["rel"] == relation for link in site.get(path).json()["links"])


def schema(site, name):
    answer = site.get(f"/collections/buildings/{name}")
    return answer.headers["Content-Type"].startswith("application/schema+json") and "floors" in answer.json()["properties"]


CLASSES = {
    "ogcapi-common-1/1.0/conf/core": lambda s: links(s, "/?f=json", "service-desc"),
    "ogcapi-features-1/1.0/conf/core": lambda s: len(s.get(ITEMS).json()["features"]) == 10 and links(s, ITEMS, "next")
    and s.get(f"{ITEMS}?unknown=1").status_code == 400 and s.get(f"{ITEMS}/1").json()["id"] == 1,
    "ogcapi-features-1/1.0/conf/geojson": lambda s: s.get(ITEMS).headers["Content-Type"] == "application/geo+json",
    "ogcapi-features-1/1.0/conf/html": lambda s: "<html" in s.get(f"{ITEMS}?f=html").text
    and "<html" in s.get(f"{ITEMS}/1", headers={"Accept": "text/html"}).text,
    "ogcapi-features-1/1.0/conf/oas30": lambda s: "paths" in s.get("/api").json(),
    "ogcapi-features-2/1.0/conf/crs": lambda s: all(
        s.get(ITEMS, params={"crs": uri, "limit": 1}).headers["Content-Crs"] == f"<{uri}>"
        for uri in s.get("/collections/buildings").json()["crs"]),
    "ogcapi-features-3/1.0/conf/queryables": lambda s: schema(s, "queryables"),
    "ogcapi-features-3/1.0/conf/queryables-query-parameters": lambda s: s.get(f"{ITEMS}?floors=6").json()["numberMatched"]
    == len(s.where(lambda p: p["floors"] == 6)),
    "ogcapi-features-3/1.0/conf/filter": lambda s: s.same("floors = 6", lambda p: p["floors"] == 6),
    "ogcapi-features-3/1.0/conf/features-filter": lambda s: s.get(ITEMS, params={"filter": "floors = 6", "filter-lang": "cql2-text"}).ok,
    "ogcapi-features-4/1.0/conf/create-replace-delete": replaced,
    "ogcapi-features-4/1.0/conf/update": updated,
    "ogcapi-features-4/1.0/conf/features": options,
    "ogcapi-features-4/1.0/conf/optimistic-locking-etags": locked,
    "ogcapi-features-5/1.0/conf/schemas": lambda s: schema(s, "schema"),
    "ogcapi-features-5/1.0/conf/core-roles-features": lambda s: {p.get("x-ogc-role") for p in s.get(
        "/collections/buildings/schema").json()["properties"].values()} >= {"id", "primary-geometry"},
    "ogcapi-features-5/1.0/conf/returnables-and-receivables": lambda s: set(s.rows[0]["properties"]) <= set(
        s.get("/collections/buildings/schema").json()["properties"]),
    "ogcapi-features-5/1.0/conf/queryables": lambda s: schema(s, "queryables"),
    "ogcapi-features-5/1.0/conf/sortables": lambda s: schema(s, "sortables") and [
        f["id"] for f in s.get(f"{ITEMS}?sortby=-id&limit=3").json()["features"]] == sorted((f["id"] for f in s.rows), reverse=True)[:3],
    "cql2/1.0/conf/cql2-text": lambda s: s.same("floors > 6", lambda p: (p["floors"] or 0) > 6),
    "cql2/1.0/conf/cql2-json": lambda s: s.same('{"op":">","args":[{"property":"floors"},6]}', lambda p: (p["floors"] or 0) > 6),
    "cql2/1.0/conf/basic-cql2": lambda s: s.same("NOT (floors >= 3 AND floors <= 5) OR name IS NULL", lambda p: (
        p["floors"] is not None and not 3 <= p["floors"] <= 5) or p["name"] is None),
    "cql2/1.0/conf/advanced-comparison-operators": lambda s: s.same("floors BETWEEN 2 AND 4 AND use LIKE '%业%' OR floors IN (9, 10)", lambda p: (
        2 <= (p["floors"] or 0) <= 4 and "业" in text(p["use"])) or p["floors"] in (9, 10)),
    "cql2/1.0/conf/case-insensitive-comparison": lambda s: s.same("CASEI(code) = CASEI('%s')" % s.rows[0]["properties"]["code"].lower(),
                                                                  lambda p: p["code"] == s.rows[0]["properties"]["code"]),
    "cql2/1.0/conf/accent-insensitive-comparison": lambda s: s.same("ACCENTI(use) = ACCENTI('住宅')", lambda p: p["use"] == "住宅"),
    "cql2/1.0/conf/basic-spatial-functions": lambda s: spatial(s, "S_INTERSECTS", "BBOX(%f,%f,%f,%f)" % middle(s)),
    "cql2/1.0/conf/basic-spatial-functions-plus": lambda s: spatial(
        s, "S_INTERSECTS", "POLYGON((%f %f,%f %f,%f %f,%f %f))" % (*middle(s)[:2], middle(s)[2], middle(s)[1], *middle(s)[2:], *middle(s)[:2])),
    "cql2/1.0/conf/spatial-functions": lambda s: all(spatial(s, f"S_{name}", "BBOX(%f,%f,%f,%f)" % middle(s)) for name in (
        "DISJOINT", "WITHIN", "CONTAINS", "EQUALS", "TOUCHES", "CROSSES", "OVERLAPS")),
    "cql2/1.0/conf/temporal-functions": lambda s: all(s.get(ITEMS, params={"filter": f"T_{name}({one}, {two})", "limit": 1}).ok for name, one, two in (
        [(n, "DATE('2026-01-01')", "DATE('2026-01-02')") for n in ("AFTER", "BEFORE", "DISJOINT", "EQUALS", "INTERSECTS")]
        + [(n, "INTERVAL('2026-01-01','2026-02-01')", "INTERVAL('2026-01-15','..')") for n in (
            "CONTAINS", "DURING", "FINISHEDBY", "FINISHES", "MEETS", "METBY", "OVERLAPPEDBY", "OVERLAPS", "STARTEDBY", "STARTS")])),
    "cql2/1.0/conf/array-functions": lambda s: all(s.same(filter_, lambda p: p["use"] == "住宅") for filter_ in (
        "A_CONTAINS((use, 'a'), ('住宅', 'a'))", "A_EQUALS((use), ('住宅'))", "A_OVERLAPS((use), ('住宅', 'a'))",
        "A_CONTAINEDBY((use), ('住宅', 'a'))")),
    "cql2/1.0/conf/property-property": lambda s: s.same("floors > height", lambda p: None not in (p["floors"], p["height"])
                                                        and p["floors"] > p["height"]) or not s.ids("floors > height"),
    "cql2/1.0/conf/functions": lambda s: s.same("floor(height) = 9", lambda p: p["height"] is not None and p["height"] // 1 == 9),
    "cql2/1.0/conf/arithmetic": lambda s: s.same("floors * 2 + 1 > 13 AND height / 2 < 100", lambda p: (p["floors"] or 0) * 2 + 1 > 13
                                                 and p["height"] is not None and p["height"] / 2 < 100),
}


def conformance():
    with edited_copy(STORE) as (base, _, _):
        site = Site(base)
        named = {c.removeprefix(SPEC) for c in site.get("/conformance").json()["conformsTo"]}
        ours = {c for c in named if c.startswith(("ogcapi-features", "cql2", "ogcapi-common"))}
        check(f"{len(ours)} classes of Features and CQL2 are named, and each is tested", ours == set(CLASSES), ours ^ set(CLASSES))
        for name, test in CLASSES.items():
            try:
                good, why = test(site), ""
            except Exception as error:
                good, why = False, repr(error)
            check(name, good, why)


if __name__ == "__main__":
    main(conformance)
