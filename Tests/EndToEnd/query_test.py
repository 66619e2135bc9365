# SPDX-License-Identifier: Apache-2.0
"""POST /query and `twin query ask`: answers against SQL and GDAL, errors, filtered tiles, and pages while the
store is edited by another process."""

import contextlib
import json
import math
import pathlib
import random
import shutil
import sqlite3
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from harness import check, main, required, run, server, twin, twin_json

BASE = required("E2E_BASE")
STORE = pathlib.Path(required("E2E_STORE"))
EXAMPLE = {"layers": ["buildings"], "region": {"at": [120.033, 36.265], "radius": 500}}


def ask(question, base=BASE, raw=None):
    """Status and JSON of an answer."""
    data = raw if raw is not None else json.dumps(question).encode()
    request = urllib.request.Request(base + "/query", data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def ids(answer):
    return [feature["id"] for layer in answer["layers"] for feature in layer["features"]]


def rows(layer, columns, where=""):
    with contextlib.closing(sqlite3.connect(f"file:{STORE / 'city.sqlite'}?mode=ro", uri=True)) as database:
        return database.execute(f"SELECT {columns} FROM {layer} {where}").fetchall()


def filters():
    for where, condition in [
        ("WHERE floors >= 6", ["floors>=6"]), ("WHERE floors < 3", ["floors<3"]),
        ("WHERE floors >= 3 AND floors <> 5", ["floors>=3", "floors<>5"]), ("WHERE floors IS NULL", ["floors=null"]),
    ]:
        expected = sorted(row[0] for row in rows("buildings", "id", where))
        status, answer = ask({"layers": ["buildings"], "where": condition, "output": "ids", "limit": 10000})
        check(f"POST /query finds what SQL finds {where}", status == 200 and ids(answer) == expected,
              f"{len(expected)} expected, {answer.get('total')}")
    expected = {value: count for value, count in rows("buildings", "floors, count(*)", "GROUP BY floors")}
    _, answer = ask({"layers": ["buildings"], "output": "sums", "by": "floors"})
    found = {entry["value"]: entry["count"] for entry in answer["layers"][0]["classes"]}
    check("counts by class are SQL's", found == expected, found)


def regions():
    for metres in (50, 500, 5000):
        question = {**EXAMPLE, "region": {"at": [120.033, 36.265], "radius": metres}, "output": "counts"}
        url = f"{BASE}/query/radius?at=120.033,36.265&radius={metres}&layers=buildings&limit=0"
        with urllib.request.urlopen(url, timeout=60) as response:
            expected = json.load(response)["total"]
        check(f"{metres} m: the count of GET /query/radius", ask(question)[1]["total"] == expected, expected)
    whole = ask({"layers": ["buildings"], "region": {"bbox": [-180, -90, 180, 90]}, "output": "counts"})[1]
    check("the whole Earth is a box", whole.get("total") == len(rows("buildings", "id")), whole)


def command_line():
    text = json.dumps(EXAMPLE)
    answer = twin_json("query", "ask", "--store", STORE, text, "--where", "floors>=6", "--json")
    _, posted = ask({**EXAMPLE, "where": ["floors>=6"]})
    check("twin query ask answers as POST /query", ids(answer) == ids(posted) and answer["total"] == posted["total"],
          f"{answer['total']} {posted['total']}")
    table = twin("query", "ask", "--store", STORE, json.dumps({**EXAMPLE, "output": "counts"}))
    check("twin query ask prints a table", table.returncode == 0 and "buildings" in table.stdout, table.stderr)
    first = twin_json("query", "ask", "--store", STORE, '{"layers":["buildings"],"limit":5,"output":"ids"}', "--json")
    second = twin_json("query", "ask", "--store", STORE, '{"layers":["buildings"],"limit":5,"output":"ids"}', "--json",
                       "--cursor", first["cursor"])
    both = ids(first) + ids(second)
    check("twin query ask goes on from a cursor", len(set(both)) == 10 and both == sorted(both), both)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "question.json")
        path.write_text(text)
        check("twin query ask reads a file", ids(twin_json("query", "ask", "--store", STORE, f"@{path}", "--json")) ==
              ids(ask(EXAMPLE)[1]))
        missing = twin("query", "ask", "--store", STORE, f"@{folder}/none.json")
        check("a missing file is named", missing.returncode != 0 and "none.json" in missing.stderr, missing.stderr)
    for question, word in [("{", "body"), ('{"layers":["house"]}', "layers"), ('{"layers":["buildings"],"limit":-1}', "limit"),
                           ('{"layers":["buildings"],"where":["floor>1"]}', "floors")]:
        wrong = twin("query", "ask", "--store", STORE, question)
        check(f"twin query ask refuses {question}", wrong.returncode != 0 and word in wrong.stderr, wrong.stderr)


def mistakes():
    for question, parameter in [
        ({"layers": ["house"]}, "layers"), ({**EXAMPLE, "region": {"at": [0, 0], "radius": 5}}, "at"),
        ({**EXAMPLE, "filter": {"op": "=", "args": [{"property": "floor"}, 1]}}, "filter"),
        ({**EXAMPLE, "order": "up"}, "order"), ({**EXAMPLE, "limit": 10001}, "limit"), ({"where": 5}, "where"),
    ]:
        status, problem = ask(question)
        check(f"400 that names {parameter}", status == 400 and problem.get("parameter") == parameter, problem)
    million = '{"region":{"polygon":[[' + "[1,2]," * 1_000_000 + "[1,2]]]}}"
    for name, raw in [("10,000 levels", b"[" * 10_000), ("a million positions", million.encode()),
                      ("no UTF-8", b'{"layers":["\xff\xfe"]}'), ("nothing", b"")]:
        start = time.monotonic()
        status, problem = ask(None, raw=raw)
        check(f"{name}: 400 that names the body", status == 400 and problem.get("parameter") == "body", problem)
        print(f"     {name}: {(time.monotonic() - start) * 1000:.0f} ms")


def filtered_tiles():
    _, answer = ask(EXAMPLE)
    lon, lat = answer["layers"][0]["features"][0]["geometry"]["coordinates"][0][0][:2]
    side = 1 << 15
    x = int((lon + 180) / 360 * side)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * side)
    plain = f"{BASE}/tiles/buildings/15/{x}/{y}.mvt"
    filter_text = urllib.parse.quote(json.dumps({"op": ">=", "args": [{"property": "floors"}, 6]}))
    counts = []
    for query in ("", f"?filter={filter_text}"):
        with tempfile.NamedTemporaryFile(suffix=".mvt") as file:
            with urllib.request.urlopen(plain + query, timeout=60) as response:
                file.write(response.read())
            file.flush()
            out = run(["ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", file.name, "buildings"]).stdout
        counts.append([json.loads(line.strip("\x1e"))["properties"] for line in out.splitlines() if line.strip()])
    tall = sum(1 for feature in counts[0] if (feature.get("floors") or 0) >= 6)
    check("a filtered tile holds the features that pass, by GDAL", 0 < len(counts[1]) == tall < len(counts[0]),
          f"{len(counts[0])} {tall} {len(counts[1])}")


def pages_under_edits():
    """Every feature that does not change comes once, none twice, while another process changes and reverts others."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "store")
        shutil.copytree(STORE, copy)
        every = [row[0] for row in rows("buildings", "id", "WHERE floors >= 2 ORDER BY id")]
        changing = set(random.Random(7).sample(every, len(every) // 5))
        stable = set(every) - changing
        done = threading.Event()
        problems, edits = [], [0]

        def edit():
            pick = random.Random(8)
            pool = sorted(changing)
            while not done.is_set():
                try:
                    with contextlib.closing(sqlite3.connect(copy / "city.sqlite", timeout=30)) as database, database:
                        for identifier in pick.sample(pool, 20):
                            database.execute("UPDATE buildings SET floors = ? WHERE id = ?", (pick.randint(0, 9), identifier))
                    edits[0] += 20
                except Exception as error:
                    problems.append(error)
                    return
                time.sleep(0.02)

        with server(copy) as (base, _):
            writer = threading.Thread(target=edit)
            writer.start()
            for order in ("id", "distance"):
                question = {"layers": ["buildings"], "where": ["floors>=2"], "output": "ids", "limit": 100,
                            "order": order}
                if order == "distance":
                    question["region"] = {"at": [120.033, 36.265], "radius": 90000}
                found = []
                while True:
                    status, answer = ask(question, base)
                    if status != 200:
                        problems.append(answer)
                        break
                    found += ids(answer)
                    if "cursor" not in answer:
                        break
                    question["cursor"] = answer["cursor"]
                    time.sleep(0.05)
                check(f"pages by {order} under edits: no feature twice", len(found) == len(set(found)), len(found))
                check(f"pages by {order} under edits: all that do not change", stable <= set(found),
                      len(stable - set(found)))
            done.set()
            writer.join()
        check("edits went on meanwhile", edits[0] >= 40 and not problems, f"{edits[0]} {problems[:1]}")


if __name__ == "__main__":
    main(filters, regions, command_line, mistakes, filtered_tiles, pages_under_edits)
