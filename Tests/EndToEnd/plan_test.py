# SPDX-License-Identifier: Apache-2.0
"""Analyses: the command line and OGC API Processes on the demo city, judged by Shapely; jobs across a kill; the
parcel report as PDF."""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import shapely

from harness import check, main, required, run, server, skip, twin, wait_until

BASE = required("E2E_BASE")
STORE = pathlib.Path(required("E2E_STORE"))
CONFLICT = {"layers": [{"layer": "landuse_plan", "field": "land_use"}, {"layer": "control_plan", "field": "land_use"}],
            "tolerance": {"area": 1}}


def ask(method, path, body=None, base=BASE, prefer=None):
    """Status, headers and content of an answer."""
    headers = {"Content-Type": "application/json"} | ({"Prefer": prefer} if prefer else {})
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(base + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def execute(process, inputs, base=BASE, **more):
    status, headers, content = ask("POST", f"/processes/{process}/execution", {"inputs": inputs}, base, **more)
    return status, headers, json.loads(content)


def collection(layer):
    """Polygons of a layer on the millimetre grid and their class, straight from the record."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/l.geojson"
        run(["ogr2ogr", "-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=6", "-s_srs", "EPSG:4549", "-t_srs", "EPSG:4549",
             "-preserve_fid", path, str(STORE / "city.sqlite"), layer])
        features = json.load(open(path))["features"]
    polygons = {}
    for feature in features:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        shape = shapely.transform(shape, lambda c: ((c - (500_000, 4_000_000)) * 1000).round() / 1000)
        polygons[feature["id"]] = (feature["properties"]["land_use"], shapely.make_valid(shape))
    return polygons


def conflicts():
    status, _, found = execute("plan-conflict", CONFLICT)
    check("POST /processes/plan-conflict/execution answers", status == 200, found)
    pairs = {(f["properties"]["firstId"], f["properties"]["secondId"]): f["properties"]["area"] for f in found["features"]}
    first, second = collection("landuse_plan"), collection("control_plan")
    tree = shapely.STRtree([shape for _, shape in second.values()])
    ids = list(second)
    truth = {}
    for fid, (use, shape) in first.items():
        for place in tree.query(shape, predicate="intersects"):
            other, partner = second[ids[place]]
            if use == other:
                continue
            area = sum(p.area for p in shapely.get_parts(shape.intersection(partner)) if p.area > 1)
            if area:
                truth[fid, ids[place]] = area
    # A corner half way between two millimetres is rounded either way: 1 mm along one side at the most.
    apart = {p: abs(pairs.get(p, 0) - a) for p, a in truth.items()}
    wrong = {p: d for p, d in apart.items() if d > 1e-4 and d > 0.001 * first[p[0]][1].length / 4}
    exact = sum(d <= 1e-4 for d in apart.values())
    check("conflicts are those of Shapely", set(pairs) == set(truth) and truth and not wrong and exact * 2 > len(truth),
          f"{len(pairs)} and {len(truth)} pairs, {apart}")
    for part in found["summary"]["comparisons"]:
        whole = part["conflicting"] + part["tolerated"] + part["agreeing"] - part["coveredMoreThanOnce"] \
            + part["uncovered"]
        check("parts sum to the whole", abs(whole - part["firstArea"]) < 1e-3 and abs(part["residual"]) < 1e-3, part)
    shapes = [shapely.from_geojson(json.dumps(f["geometry"])) for f in found["features"]]
    check("conflict polygons are valid GeoJSON", all(s.is_valid and not s.is_empty for s in shapes))
    done = twin("analyse", "plan-conflict", "--store", str(STORE), "--inputs", json.dumps(CONFLICT), "--format", "geojson")
    again = json.loads(done.stdout)
    check("twin analyse gives the same", again["features"] == found["features"])


def every_process():
    status, _, content = ask("GET", "/processes")
    ids = [p["id"] for p in json.loads(content)["processes"]]
    inputs = {
        "plan-conflict": CONFLICT,
        "parcel-report": {"parcel": {"layer": "control_plan", "id": 1}},
        "compliance-check": {"proposal": {"layer": "control_plan", "id": 1}, "buildings": "buildings", "rules": [
            {"id": "farmland", "type": "outside", "layer": "basic_farmland"},
            {"id": "boundary", "type": "inside", "layer": "growth_boundary"},
            {"id": "far", "type": "at-most", "figure": "far", "limit": {"layer": "control_plan", "field": "far"}}]},
        "site-selection": {"candidates": "landuse_plan", "constraints": [{"measure": "area", "min": 5000}],
                           "criteria": [{"measure": "distance", "layer": "schools", "worst": 2000, "best": 0}]},
        "land-statistics": {"layers": [{"layer": "landuse_plan", "field": "land_use"}]},
        "version-compare": {"layer": "landuse_plan", "with": "control_plan", "by": "code", "limit": 50},
        "clearance": {"first": "roads", "second": "buildings", "distance": 12},
        "reach": {"sources": "schools", "minutes": 15, "targets": ["buildings"]},
    }
    check("every process is tried", status == 200 and set(ids) == set(inputs), ids)
    for name, values in inputs.items():
        for form in json.loads(ask("GET", f"/processes/{name}")[2])["outputs"]["result"]["schema"]["oneOf"]:
            kind = form["contentMediaType"]
            body = {"inputs": values, "outputs": {"result": {"format": {"mediaType": kind}}}}
            status, headers, content = ask("POST", f"/processes/{name}/execution", body)
            good = status == 200 and headers["Content-Type"].startswith(kind)
            if "json" in kind and good:
                result = json.loads(content)
                good = result["process"] == name and result["storeVersion"] == version() and result["parameters"] == values
            check(f"{name} answers {kind}", good, content[:300])


def grid(layer):
    """Geometries of a layer in metres on the millimetre grid, by id."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/l.geojson"
        run(["ogr2ogr", "-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=6", "-s_srs", "EPSG:4549", "-t_srs", "EPSG:4549",
             "-preserve_fid", "-dim", "XY", path, str(STORE / "city.sqlite"), layer])
        features = json.load(open(path))["features"]
    return {f["id"]: shapely.transform(shapely.from_geojson(json.dumps(f["geometry"])),
                                       lambda c: ((c - (500_000, 4_000_000)) * 1000).round() / 1000) for f in features}


def clearances():
    limit = 12.0
    status, _, found = execute("clearance", {"first": "roads", "second": "buildings", "distance": limit})
    check("clearance answers", status == 200, found)
    pairs = {(f["properties"]["firstId"], f["properties"]["secondId"]): f["properties"]["distance"]
             for f in found["features"]}
    first, second = grid("roads"), grid("buildings")
    ids = list(second)
    tree = shapely.STRtree([second[i] for i in ids])
    truth = {}
    for fid, shape in first.items():
        for place in tree.query(shape, predicate="dwithin", distance=limit + 0.01):
            truth[fid, ids[place]] = shape.distance(second[ids[place]])
    # Coordinates half way between two millimetres are rounded either way.
    sure = {p for p, d in truth.items() if d < limit - 0.003}
    check("clearances are those of Shapely", sure <= set(pairs) <= set(truth) and pairs
          and all(abs(truth[p] - d) < 0.003 for p, d in pairs.items()), f"{len(pairs)} and {len(sure)} to {len(truth)} pairs")
    lines = [f["geometry"] for f in found["features"] if f["properties"]["distance"] > 0]
    check("each has a line", all(g["type"] == "LineString" and len(g["coordinates"]) == 2 for g in lines))


def versions():
    with tempfile.TemporaryDirectory() as folder:
        store = f"{folder}/store"
        shutil.copytree(STORE, store)
        before = version()
        database = sqlite3.connect(f"{store}/city.sqlite")
        with database:
            database.execute("UPDATE control_plan SET far = far + 1 WHERE id <= 3")
            database.execute("DELETE FROM control_plan WHERE id = 4")
        database.close()
        with server(store) as (base, _):
            status, _, found = execute("version-compare", {"layer": "control_plan", "from": before}, base)
            check("two versions are compared", status == 200
                  and found["counts"] == {"added": 0, "removed": 1, "changed": 3}, found)
            changed = [f for f in found["features"] if f["properties"]["change"] == "changed"]
            check("fields tell before and after", len(changed) == 3
                  and all(abs(f["properties"]["fields"]["far"][1] - f["properties"]["fields"]["far"][0] - 1) < 1e-9
                          and not f["properties"]["moved"] for f in changed), changed)
            check("areas of what was removed", found["areas"]["removed"]["lost"] > 0
                  and abs(found["before"]["area"] - found["after"]["area"] - found["areas"]["removed"]["lost"]) < 0.01)
            status, _, wrong = execute("version-compare", {"layer": "control_plan", "from": "never"}, base)
            check("a wrong moment is refused and named", status == 400 and "from" in json.dumps(wrong), wrong)


def live_in_the_report():
    with tempfile.TemporaryDirectory() as folder:
        store = f"{folder}/store"
        shutil.copytree(STORE, store)
        with server(store) as (base, _):
            _, _, known = execute("parcel-report", {"parcel": {"layer": "control_plan", "id": 1}, "limit": 0}, base)
            lon, lat = known["parcel"]["center"]
            line = {"id": "E2E-1", "kind": "level", "lon": lon, "lat": lat, "t": "2026-01-01T00:00:00Z",
                    "values": {"level": 1.25}}
            request = urllib.request.Request(base + "/live", data=(json.dumps(line) + "\n").encode(), method="POST",
                                             headers={"Content-Type": "application/x-ndjson"})
            with urllib.request.urlopen(request, timeout=60) as response:
                check("a terminal reports", response.status < 300)

            def seen():
                _, _, found = execute("parcel-report", {"parcel": {"layer": "control_plan", "id": 1}}, base)
                return next((t for t in found["live"]["terminals"] if t["id"] == "E2E-1"), None)
            wait_until(lambda: seen() is not None, "the terminal to be in the report")
            check("the report has its last values", seen()["properties"]["values"] == {"level": 1.25}, seen())
    done = twin("analyse", "parcel-report", "--store", str(STORE), "--set", 'parcel={"layer":"control_plan","id":1}')
    check("the command line has no live index and says so", json.loads(done.stdout)["live"] is None)


def codes():
    found = json.load(open(STORE / "import-report.json"))["unmapped"]
    check("16-digit and 15-digit codes of the demo city are good",
          not [u for u in found if u["profile"] in ("part_code", "grid_code")], found[:3])
    done = twin("codes", "explain", "part_code", "3702810101000001")
    check("a code is taken apart", "370281" in done.stdout and "公用设施" in done.stdout, done.stdout)


def version():
    database = sqlite3.connect(f"file:{STORE / 'city.sqlite'}?mode=ro", uri=True)
    try:
        return database.execute("SELECT max(version) FROM twin_changes").fetchone()[0]
    finally:
        database.close()


def jobs_outlive_a_kill():
    with tempfile.TemporaryDirectory() as folder:
        store = f"{folder}/store"
        shutil.copytree(STORE, store)
        inputs = {"candidates": "buildings", "criteria": [
            {"measure": "count", "layer": "buildings", "metres": 2000, "worst": 0, "best": 1000}]}
        with server(store) as (base, process):
            status, headers, job = execute("reach", {"sources": "schools", "distance": 100}, base, prefer="respond-async")
            check("a job is accepted", status == 201 and headers["Location"].endswith(job["jobID"])
                  and job["status"] == "accepted", job)
            wait_until(lambda: state(base, job)["status"] == "successful", "the job to finish")
            result = json.loads(ask("GET", f"/jobs/{job['jobID']}/results", base=base)[2])
            check("its result is there", result["process"] == "reach")
            _, _, long = execute("site-selection", inputs, base, prefer="respond-async")
            _, _, waiting = execute("reach", {"sources": "schools", "distance": 200}, base, prefer="respond-async")
            wait_until(lambda: state(base, long)["status"] == "running", "the long job to run")
            process.send_signal(signal.SIGKILL)
            process.wait()
        with server(store) as (base, process):
            check("the finished job is kept", state(base, job)["status"] == "successful")
            again = json.loads(ask("GET", f"/jobs/{job['jobID']}/results", base=base)[2])
            check("with its result", again == result)
            for name, one in (("running", long), ("waiting", waiting)):
                found = state(base, one)
                check(f"the {name} job failed and says why", found["status"] == "failed" and name in found["message"]
                      and "send the execution again" in found["message"], found)
            _, _, long = execute("site-selection", inputs, base, prefer="respond-async")
            wait_until(lambda: state(base, long)["status"] == "running", "the long job to run")
            started = time.monotonic()
            status, _, content = ask("DELETE", f"/jobs/{long['jobID']}", base=base)
            check("a running job is dismissed", status == 200 and json.loads(content)["status"] == "dismissed")
            status, _, _ = execute("reach", {"sources": "schools", "distance": 100}, base)
            check("and leaves its place within seconds", status == 200 and time.monotonic() - started < 20,
                  time.monotonic() - started)


def state(base, job):
    return json.loads(ask("GET", f"/jobs/{job['jobID']}", base=base)[2])


def report_as_pdf():
    if not os.path.exists("/usr/bin/chromium"):
        return skip("the report as PDF", "no chromium")
    body = {"inputs": {"parcel": {"layer": "control_plan", "id": 1}},
            "outputs": {"result": {"format": {"mediaType": "text/html"}}}}
    page = ask("POST", "/processes/parcel-report/execution", body)[2]
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(f"{folder}/report.html").write_bytes(page)
        subprocess.run(["/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/p",
                        f"--print-to-pdf={folder}/report.pdf", "--no-pdf-header-footer", f"file://{folder}/report.html"],
                       capture_output=True, timeout=120, check=False)
        pdf = pathlib.Path(f"{folder}/report.pdf")
        data = pdf.read_bytes() if pdf.exists() else b""
        check("the parcel report prints to a PDF", data.startswith(b"%PDF-") and len(data) > 10_000, len(data))
        keep = os.environ.get("E2E_PICTURES")
        if keep and data:
            shutil.copy(pdf, keep)
            shutil.copy(f"{folder}/report.html", keep)


main(conflicts, every_process, clearances, versions, live_in_the_report, codes, jobs_outlive_a_kill, report_as_pdf)
