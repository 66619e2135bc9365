# SPDX-License-Identifier: Apache-2.0
"""Every command of the binary: output, exit status, help that teaches, and bad input that says what to change."""

import contextlib
import fcntl
import json
import pathlib
import shutil
import socket
import sqlite3
import tempfile

from harness import TWIN, check, main, required, run, server, twin, twin_json

DEMO = pathlib.Path(required("E2E_DEMO"))
STORE = pathlib.Path(required("E2E_STORE"))
COMMANDS = {
    "": ["generate", "import", "info", "check", "serve", "query", "Exit status"],
    "generate": ["--out", "--buildings", "--seed", "Then: twin import"],
    "import": ["--store", "--layers", "--json", "GeoPackage", "CityJSON", "EPANET", "Exit status"],
    "info": ["--store", "--json"],
    "check": ["--store", "--json", "Exit status"],
    "serve": ["--store", "--port", "--access", "--replay", "--vendor", "Authorization: Bearer"],
    "query": ["radius"],
    "query radius": ["--at", "--radius", "--layers", "--limit", "--json", "Metres", "Longitude,latitude"],
}

TINY = """\
twin: 1
id: tiny
name: {zh: 小城, en: Tiny}
crs: EPSG:4549
vertical: {datum: "EPSG:5737"}
extent: [119.95, 36.25, 120.05, 36.35]
themes:
  - {id: base, title: {zh: 基础, en: Base}}
sources:
  - {id: shops, path: shops.csv, format: csv, crs: "EPSG:4326", columns: {x: lon, y: lat}}
layers:
  - id: shops
    title: {zh: 商店, en: Shops}
    theme: base
    department: 商务局
    geometry: point
    source: shops
    code: code
    fields:
      - {name: name, type: string, title: {zh: 名称, en: Name}}
"""
SHOPS = "code,name,lon,lat\nA1,一号店,120.0001,36.3001\nA2,二号店,120.0102,36.3102\nA3,三号店,120.0203,36.3003\n"


@contextlib.contextmanager
def tiny(yaml=TINY, shops=SHOPS):
    """A folder with a city of three shops."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "city.yaml").write_text(yaml, encoding="utf-8")
        (folder / "shops.csv").write_text(shops, encoding="utf-8")
        yield folder


def fails(name, result, *words, status=1):
    """A named error: the status, one `twin:` message or usage on standard error, and the words that help."""
    missing = [w for w in words if w not in result.stderr]
    good = result.returncode == status and not missing and not result.stdout.strip()
    plain = "Fatal error" not in result.stderr and "NSUnderlyingError" not in result.stderr
    check(name, good and plain, f"status {result.returncode}, missing {missing}: {result.stderr or result.stdout}")


def help_texts():
    for command, words in COMMANDS.items():
        result = twin(*command.split(), "--help")
        text = " ".join(result.stdout.split())
        missing = [w for w in words if w not in text]
        check(f"twin {command} --help teaches", result.returncode == 0 and not missing, missing)
    version = twin("--version").stdout.strip()
    check("twin --version", version.count(".") == 2, version)
    roles = twin("serve", "--help").stdout
    named = {word.strip(",}") for word in roles.split("role:")[1].split()[:1]}
    check("the help of serve names a role that exists", named <= {"reader", "sensor", "editor", "admin"}, named)


def usage():
    for words in (["bogus"], ["import"], ["info"], ["serve", "--store", STORE, "--port", "70000"],
                  ["generate", "--out", "x", "--buildings", "0"], ["generate", "--out", "x", "--buildings", "2000000"],
                  ["query", "radius", "--store", STORE]):
        fails(f"wrong usage is 64: twin {' '.join(map(str, words))[:60]}", twin(*words), "Usage", status=64)


def generate():
    with tempfile.TemporaryDirectory() as folder:
        first, second, other = (pathlib.Path(folder, n) for n in "abc")
        for place, seed in ((first, 5), (second, 5), (other, 6)):
            result = twin("generate", "--out", place, "--buildings", 300, "--seed", seed)
            if result.returncode != 0:
                check("generate", False, result.stderr)
                return
        text = lambda place, name: (place / name).read_bytes()
        names = ["city.yaml", "sources/buildings.shp", "sources/js_points.csv", "sources/sensors.csv",
                 "sources/street_lamps.geojson", "sources/landmarks.city.json", "sources/water_network.inp"]
        check("the same seed gives the same city", all(text(first, n) == text(second, n) for n in names))
        check("another seed gives another city", text(first, names[1]) != text(other, names[1]))
        blocked = pathlib.Path(folder, "file")
        blocked.write_text("")
        fails("generate into a file", twin("generate", "--out", blocked / "x", "--buildings", 300), "twin:")


def info_and_check():
    info = twin_json("info", "--store", STORE, "--json")
    layers = {l["id"]: l for l in info["layers"]}
    check("info: at least 20 layers, buildings and parcels among them",
          len(layers) >= 20 and {"buildings", "parcels"} <= set(layers), list(layers))
    check("info: 3,000 buildings", abs(layers["buildings"]["count"] - 3000) <= 60, layers["buildings"]["count"])
    check("info: CRS and extent", info["crs"] == "EPSG:4549" and len(info["extent"]) == 4, info["crs"])
    bad = [l["id"] for l in layers.values()
           if l["read"] != l["kept"] + sum(r["count"] for r in l["rejected"]) or any(not r["reason"] for r in l["rejected"])]
    check("info: read = kept + rejected, every rejection with a reason", not bad, bad)
    check("info: versions are distinct", len({l["version"] for l in layers.values()}) == len(layers))
    text = twin("info", "--store", STORE)
    check("info as a table", text.returncode == 0 and "建筑物" in text.stdout and "EPSG:4549" in text.stdout, text.stderr)
    report = json.loads((STORE / "import-report.json").read_text())
    check("the import report is beside the store", len(report["layers"]) == len(layers))
    findings = twin_json("check", "--store", STORE, "--json")["findings"]
    check("check: the store is good", all(f["good"] for f in findings) and len(findings) > len(layers), findings)
    count = run(["sqlite3", STORE / "city.sqlite", "SELECT count(*) FROM buildings"])
    check("sqlite3 opens the record", count.stdout.strip() == str(layers["buildings"]["count"]), count.stderr)


def query():
    w, s, e, n = twin_json("info", "--store", STORE, "--json")["extent"]
    at = f"{(w + e) / 2:.6f},{(s + n) / 2:.6f}"
    answer = twin_json("query", "radius", "--store", STORE, "--at", at, "--radius", 500, "--json")
    check("query radius --json", answer["unit"] == "m" and answer["total"] == sum(l["count"] for l in answer["layers"]) > 0)
    order = [[f["distance"] for f in l["features"]] for l in answer["layers"]]
    check("nearest first, within the radius", all(d == sorted(d) and (not d or d[-1] <= 500) for d in order))
    limited = twin_json("query", "radius", "--store", STORE, "--at", at, "--radius", 500, "--limit", 1, "--json")
    check("counts are exact whatever the limit",
          [l["count"] for l in limited["layers"]] == [l["count"] for l in answer["layers"]]
          and all(l["returned"] <= 1 for l in limited["layers"]))
    table = twin("query", "radius", "--store", STORE, "--at", at, "--radius", 500)
    check("query radius as a table", table.returncode == 0 and table.stdout.strip(), table.stderr)
    base = ["query", "radius", "--store", STORE, "--at"]
    fails("an unknown layer", twin(*base, at, "--radius", 5, "--layers", "nope"), "nope")
    fails("swapped lat/lon", twin(*base, "36.27,120.03", "--radius", 5), "longitude,latitude")
    fails("no position", twin(*base, "here", "--radius", 5), "longitude,latitude")
    fails("a radius that is no number", twin(*base, at, "--radius", "nan"), "radius", "500")
    fails("a radius beyond the limit", twin(*base, at, "--radius", 1e9), "radius", "100000")


def missing_store():
    for words in (["info"], ["check"], ["serve", "--port", "0"], ["query", "radius", "--at", "1,2", "--radius", "5"]):
        fails(f"missing store: twin {words[0]}", twin(*words, "--store", "nowhere"), "twin import", "nowhere")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "city.sqlite").write_text("this is not a database, it only has its name " * 20)
        fails("a store that is no database", twin("info", "--store", folder), "city.sqlite")


def port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        fails("port in use", twin("serve", "--store", STORE, "--port", port), str(port), "--port")


def project_mistakes():
    def fresh(yaml, *words, name):
        with tiny(yaml) as folder:
            result = twin("import", "city.yaml", "--store", folder / "store", cwd=folder)
            fails(name, result, *words)
            check(f"{name}: nothing was made", not (folder / "store/city.sqlite").exists())

    lines = TINY.splitlines()
    line = lambda text: f"city.yaml:{next(i for i, l in enumerate(lines, 1) if text in l)}:"
    fresh(TINY.replace("theme: base", "theem: base"), line("theme: base"), "'theem'", "did you mean 'theme'",
          name="an unknown key: file, line and suggestion")
    fresh(TINY.replace("crs: EPSG:4549", "crs: EPSG:99999999"), line("crs: EPSG:4549"), name="an unknown CRS")
    fresh(TINY.replace("crs: EPSG:4549", "crs: EPSG:4326"), line("crs: EPSG:4549"), "not projected",
          name="a CRS in degrees")
    fresh(TINY.replace("    source: shops", "    source: shop"), "did you mean 'shops'", name="an unknown source")
    fresh(TINY.replace("geometry: point", "geometry: dot"), "point, line or polygon", name="an unknown geometry")
    fresh(TINY.replace("119.95, 36.25, 120.05, 36.35", "36.25, 119.95, 36.35, 120.05"), line("extent"),
          "west, south, east, north", name="an extent with swapped axes")
    fresh(TINY + "   - [", f"city.yaml:{len(lines) + 1}:", name="broken YAML: the place")
    fails("a missing project file", twin("import", "none.yaml", "--store", "x"), "none.yaml")


def import_tiny():
    with tiny() as folder:
        result = twin("import", "city.yaml", "--store", "store", cwd=folder)
        check("import ends 0 and prints a table", result.returncode == 0 and "shops" in result.stdout, result.stderr)
        first = twin_json("query", "radius", "--store", folder / "store", "--at", "120.0001,36.3001", "--radius", 1,
                          "--json")["layers"][0]["features"][0]
        (folder / "shops.csv").write_text(SHOPS.replace("A1,一号店", "A0,零号店,119.99,36.29\nA1,一号店"), encoding="utf-8")
        report = twin_json("import", folder / "city.yaml", "--store", folder / "store", "--json")
        again = twin_json("query", "radius", "--store", folder / "store", "--at", "120.0001,36.3001", "--radius", 1,
                          "--json")["layers"][0]["features"][0]
        check("ids stay with codes when the source changes", first["id"] == again["id"] and
              again["properties"]["name"] == "一号店", (first, again))
        check("import --json", report["layers"][0]["count"] == 4, report)
        fails("import of a layer that is not there",
              twin("import", folder / "city.yaml", "--store", folder / "store", "--layers", "nope"), "nope", "shops")
        (folder / "shops.csv").unlink()
        bad = twin("import", folder / "city.yaml", "--store", folder / "store")
        info = twin_json("info", "--store", folder / "store", "--json")
        check("a source that is gone: status 1, named, the old layer stays",
              bad.returncode == 1 and "shops" in bad.stdout + bad.stderr and info["layers"][0]["count"] == 4,
              bad.stdout + bad.stderr)


def second_importer():
    with tiny() as folder:
        twin("import", folder / "city.yaml", "--store", folder / "store")
        with open(folder / "store/.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fails("a second importer", twin("import", folder / "city.yaml", "--store", folder / "store"),
                  "another process is importing")
        check("and the import works when it is gone",
              twin("import", folder / "city.yaml", "--store", folder / "store").returncode == 0)


def other_version():
    with tiny() as folder:
        twin("import", folder / "city.yaml", "--store", folder / "store")
        with contextlib.closing(sqlite3.connect(folder / "store/city.sqlite")) as database:
            database.execute("PRAGMA user_version = 99")
        for words in (["info"], ["check"]):
            fails(f"a store of another version: twin {words[0]}", twin(*words, "--store", folder / "store"), "99")
        fails("a store of another version: twin import",
              twin("import", folder / "city.yaml", "--store", folder / "store"), "99")


def damaged_snapshot():
    with tempfile.TemporaryDirectory() as folder:
        store = pathlib.Path(folder, "store")
        shutil.copytree(STORE, store)
        path = next((store / "snapshots").glob("schools.*.snapshot"))
        whole = path.read_bytes()
        path.write_bytes(whole[:len(whole) - 100] + bytes(100))
        bad = twin("check", "--store", store)
        rebuilt = bad.returncode == 0  # check may rebuild before it looks; a query must be right either way
        check("check finds or mends a damaged snapshot", rebuilt or "schools" in bad.stdout, bad.stdout[-500:])
        at = ",".join(map(str, twin_json("info", "--store", STORE, "--json")["extent"][:2]))
        ask = ["--at", at, "--radius", "50000", "--layers", "schools", "--json"]
        same = [twin_json("query", "radius", "--store", s, *ask)["layers"] for s in (STORE, store)]
        check("a damaged snapshot is rebuilt from the record", same[0] == same[1])


def stops_gracefully():
    with server(STORE) as (_, process):
        process.terminate()
        process.wait(20)
    check("serve ends with 0 on SIGTERM", process.returncode == 0, process.returncode)


def full_disk():
    """A file-size limit stands for a full disk: the error says so, and the old layer is whole."""
    with tiny() as folder:
        store = folder / "store"
        twin("import", folder / "city.yaml", "--store", store)
        rows = "".join(f"B{i},店{i},{120 + i % 100 / 5000:.4f},{36.3 + i // 100 / 50000:.6f}\n" for i in range(60000))
        (folder / "shops.csv").write_text(SHOPS + rows, encoding="utf-8")
        blocks = (store / "city.sqlite").stat().st_size // 1024 + 64
        limited = run(["bash", "-c", 'trap "" XFSZ; ulimit -f "$0"; exec "$@"', str(blocks), TWIN, "import",
                       folder / "city.yaml", "--store", store])
        check("a full disk: status 1 and a message, no crash", limited.returncode == 1 and "twin:" in limited.stderr,
              f"{limited.returncode} {limited.stderr[-600:]}")
        count = twin_json("info", "--store", store, "--json")["layers"][0]["count"]
        check("a full disk: the layer is whole, the old one or the new one", count in (3, 60003), count)
        checked = twin("check", "--store", store)
        check("a full disk: the store is good after", checked.returncode == 0, checked.stdout + checked.stderr)
        again = twin("import", folder / "city.yaml", "--store", store)
        check("a full disk: the import lands when there is room",
              again.returncode == 0 and twin_json("info", "--store", store, "--json")["layers"][0]["count"] == 60003,
              again.stderr)


main(help_texts, usage, generate, info_and_check, query, missing_store, port_in_use, project_mistakes, import_tiny,
     second_importer, other_version, damaged_snapshot, stops_gracefully, full_disk)
