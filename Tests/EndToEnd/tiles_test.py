# SPDX-License-Identifier: Apache-2.0
"""Tile archives from the command line: killed and resumed, judged by GDAL and MapLibre, equal to what is served."""

import gzip
import hashlib
import io
import math
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import pyogrio
import requests
import shapely
from PIL import Image
from playwright.sync_api import sync_playwright

from harness import CHIEF, ROOT, TWIN, check, edited_copy, main, required, run, server, skip, twin, twin_json

STORE = pathlib.Path(required("E2E_STORE"))
BASE = required("E2E_BASE")
SEED = int(os.environ.get("E2E_KILL_SEED", "7"))
ZOOMS = "0-13"
FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
HTTP = requests.Session()


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def build(folder, name, *arguments):
    return twin("tiles", "build", "--store", STORE, "-o", folder / name, *arguments)


def column_and_row(lon, lat, z):
    x, y = world(lon, lat)
    return int(x * (1 << z)), int(y * (1 << z))


def world(lon, lat):
    """Web Mercator in shares of the world, y from the north."""
    return lon / 360 + 0.5, 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)


def bytes_of_a_build():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        start = time.monotonic()
        first = build(folder, "one.pmtiles", "--zoom", ZOOMS, "--threads", "1")
        seconds = time.monotonic() - start
        check("an archive of the base map is built", first.returncode == 0, first.stderr[-800:])
        check("with an account of what was left out", "touching" in first.stdout and "short" in first.stdout,
              first.stdout[:500])
        build(folder, "two.pmtiles", "--zoom", ZOOMS, "--threads", "3")
        check("the bytes do not depend on the threads", digest(folder / "one.pmtiles") == digest(folder / "two.pmtiles"))
        kills(folder, seconds)


def kills(folder, seconds):
    """A build that is killed at random moments, and goes on until it is done, ends with the same bytes."""
    moments = random.Random(SEED)
    target = folder / "killed.pmtiles"
    killed = resumed = 0
    done_early = False
    for _ in range(6):
        arguments = [TWIN, "tiles", "build", "--store", STORE, "-o", target, "--zoom", ZOOMS, "--threads", "1"]
        if (folder / "killed.pmtiles.build/journal").exists():
            arguments.append("--resume")
            resumed += 1
        process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds * moments.uniform(0.2, 0.7))
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
            done_early = target.exists()  # Killed between the renaming and the exit: the comparison below judges it.
            if done_early:
                break
    if not target.exists():
        arguments = ["--resume"] if (folder / "killed.pmtiles.build/journal").exists() else []
        last = build(folder, "killed.pmtiles", "--zoom", ZOOMS, *arguments)
        check("the build goes on to its end", last.returncode == 0, last.stderr[-500:])
    check(f"killed {killed} times (seed {SEED}), gone on {resumed} times, the same bytes",
          killed > 0 and digest(target) == digest(folder / "one.pmtiles"))
    left = sorted(path.name for path in folder.iterdir() if not (done_early and path.suffix == ".build"))
    check("nothing is left beside it", left == ["killed.pmtiles", "one.pmtiles", "two.pmtiles"], left)


def equal_to_the_server():
    """Tiles of an archive are the server's answers, byte for byte, and no others are."""
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name, "base.mbtiles")
        account = twin_json("tiles", "build", "--store", STORE, "-o", path, "--zoom", "8-14", "--json")
        with sqlite3.connect(path) as database:
            tiles = {(z, x, (1 << z) - 1 - row): data for z, x, row, data in database.execute(
                "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles")}
        check("the account counts the tiles", len(tiles) == account["tiles"], (len(tiles), account["tiles"]))
        chosen = [zxy for index, zxy in enumerate(sorted(tiles)) if zxy[0] < 12 or index % 9 == 0]
        differing = [zxy for zxy in chosen if answer(BASE, "basemap", zxy).content != gzip.decompress(tiles[zxy])]
        check(f"{len(chosen)} of {len(tiles)} tiles are the server's answers", not differing, differing[:10])
        around = {(z, x + 1, y) for z, x, y in chosen} - set(tiles)
        wrong = [zxy for zxy in around if answer(BASE, "basemap", zxy).status_code != 204]
        check(f"{len(around)} tiles beside them are empty for the server, too", around and not wrong, wrong[:10])


def answer(base, tileset, zxy):
    return HTTP.get(f"{base}/tiles/{tileset}/{zxy[0]}/{zxy[1]}/{zxy[2]}.mvt", timeout=60)


def gdal():
    """GDAL reads both formats and finds the buildings, with their ids, attributes and places."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for ending in ("pmtiles", "mbtiles"):
            account = twin_json("tiles", "build", "--store", STORE, "-o", folder / f"b.{ending}", "--layers",
                                "buildings", "--zoom", "15", "--json")
        told = account["zooms"][0]["layers"][0]
        box = [float(number) for number in HTTP.get(f"{BASE}/city.json", timeout=30).json()["extent"]]
        listing = run(["ogrinfo", "-al", "-so", folder / "b.mbtiles"])
        check("ogrinfo opens the MBTiles", listing.returncode == 0 and "buildings" in listing.stdout
              and re.search(r"floors: (Integer|Real)", listing.stdout), listing.stdout + listing.stderr)
        for ending in ("pmtiles", "mbtiles"):
            meta, _, geometry, columns = pyogrio.raw.read(folder / f"b.{ending}", layer="buildings",
                                                          read_geometry=True)
            shapes = shapely.from_wkb(geometry)
            check(f"GDAL {pyogrio.__gdal_version_string__} reads the .{ending}",
                  2500 < len(shapes) <= told["written"] and shapely.is_valid(shapes).all(), (len(shapes), told))
            x, y = shapely.get_coordinates(shapes).T
            west, north = (position * 40_075_016.686 - 20_037_508.343 for position in world(box[0], box[3]))
            east, south = (position * 40_075_016.686 - 20_037_508.343 for position in world(box[2], box[1]))
            check(f"and finds them in the city (.{ending})", west - 400 < x.min() and x.max() < east + 400
                  and -south - 400 < y.min() and y.max() < -north + 400, (x.min(), x.max(), y.min(), y.max(), box))
            check(f"with attributes (.{ending})", {"floors", "use", "height"} <= set(meta["fields"]), meta["fields"])


def edits():
    """Edits by SQL, as QGIS makes them, show in the next tile at every zoom, and touch no other tile."""
    with tempfile.TemporaryDirectory() as name:
        store = pathlib.Path(name, "store")
        shutil.copytree(STORE, store)
        build(store, "held.pmtiles", "--layers", "buildings", "--zoom", "13-16")
        with server(store, "--archive", store / "held.pmtiles") as (base, _):
            items = HTTP.get(f"{base}/collections/buildings/items?limit=1000", timeout=60).json()["features"]
            gone, moved = items[0], items[1]
            far = max(items, key=lambda f: shapely.distance(centre(f), centre(gone)) + shapely.distance(
                centre(f), centre(moved)))
            here, there = ((z, *column_and_row(centre(f).x, centre(f).y, z)) for f in (gone, far) for z in (16,))
            other = answer(base, "buildings", there)
            old_place = (16, *column_and_row(centre(moved).x, centre(moved).y, 16))
            before = {zxy: answer(base, "buildings", zxy) for zxy in zooms_of(gone)}
            check("the building is in the tiles of its zooms", str(gone["id"]) in ids(before[here].content),
                  sorted(ids(before[here].content))[:5])
            with sqlite3.connect(store / "city.sqlite", timeout=30) as database:
                database.execute("DELETE FROM buildings WHERE id = ?", (gone["id"],))
                database.execute("UPDATE buildings SET geom = (SELECT geom FROM buildings WHERE id = ?) WHERE id = ?",
                                 (far["id"], moved["id"]))
            # Edits of another process are looked for every tenth of a second.
            time.sleep(0.15)
            after = {zxy: answer(base, "buildings", zxy) for zxy in before}
            stale = [zxy for zxy in before if after[zxy].headers.get("ETag") == before[zxy].headers.get("ETag")]
            check(f"its tiles at {len(before)} zooms are new", not stale, stale)
            check("it is gone from the next tile", str(gone["id"]) not in ids(after[here].content))
            held = answer(base, "held", here)
            check("and from the archive that was built before", held.content == after[here].content
                  and held.headers["ETag"] == after[here].headers["ETag"], held.headers)
            check("the moved building has left its place", str(moved["id"]) not in ids(
                answer(base, "buildings", old_place).content))
            check("and is where it was moved to", str(moved["id"]) in ids(answer(base, "buildings", there).content))
            check("where nothing was before, the tile was another", answer(base, "buildings", there).content != other.content)
            away = max(items, key=lambda f: min(
                shapely.distance(centre(f), centre(touched)) for touched in (gone, moved, far)))
            zxy = (17, *column_and_row(centre(away).x, centre(away).y, 17))
            first, again = (answer(server_base, "buildings", zxy) for server_base in (BASE, base))
            check("a tile away from them keeps its bytes and entity tag", first.content == again.content
                  and first.headers["ETag"] == again.headers["ETag"], zxy)


def edits_through_the_api():
    """A client sees its own edit in the very next tile that it asks for, packed or plain, at every zoom."""
    with edited_copy(STORE) as (base, _, _):
        items = HTTP.get(f"{base}/collections/buildings/items?limit=30", timeout=60).json()["features"]
        late = []
        for number, feature in enumerate(items):
            url = f"{base}/collections/buildings/items/{feature['id']}"
            tag = HTTP.get(url, timeout=60).headers["ETag"]
            before = {zxy: answer(base, "buildings", zxy) for zxy in zooms_of(feature)}
            name = f"edited {number}"
            done = HTTP.patch(url, json={"properties": {"name": name}}, timeout=60,
                              headers={**CHIEF, "If-Match": tag})
            if not check(f"edit {number} is taken", done.status_code == 204, done.text):
                return
            for zxy, old in before.items():
                coding = {"Accept-Encoding": "identity" if number % 2 else "gzip"}
                new = HTTP.get(f"{base}/tiles/buildings/%d/%d/%d.mvt" % zxy, headers=coding, timeout=60)
                if name.encode() not in new.content or new.headers["ETag"] == old.headers["ETag"]:
                    late.append((number, zxy))
        check(f"{len(items)} edits are in the next tile of 5 zooms", not late, late)


def updates():
    """`twin tiles update` gives the bytes of a new build and makes few tiles; it refuses what it cannot bring up."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        store, kept, fresh = folder / "store", folder / "kept.pmtiles", folder / "fresh.pmtiles"
        shutil.copytree(STORE, store)
        twin("tiles", "build", "--store", store, "-o", kept, "--zoom", ZOOMS)
        result = twin("tiles", "update", "--store", store, kept)
        check("an archive without edits since is left alone", result.returncode == 0 and "nothing changed" in result.stderr,
              result.stderr)
        with sqlite3.connect(store / "city.sqlite", timeout=30) as database:
            database.execute("DELETE FROM buildings WHERE id IN (SELECT id FROM buildings ORDER BY id LIMIT 3)")
            database.execute("UPDATE roads SET name = 'new' WHERE id = (SELECT min(id) FROM roads)")
        result = twin("tiles", "update", "--store", store, kept)
        check("an archive is brought up to date", result.returncode == 0 and "made again" in result.stderr, result.stderr)
        made, planned = map(int, re.search(r"(\d+) of (\d+) made again", result.stderr).groups())
        check("only tiles near the edits are made", 0 < made < planned / 2, (made, planned))
        twin("tiles", "build", "--store", store, "-o", fresh, "--zoom", ZOOMS)
        check("it has the bytes of a new build", digest(kept) == digest(fresh))
        check("nothing is left beside it", sorted(p.name for p in folder.iterdir()) == [fresh.name, kept.name, "store"],
              list(folder.iterdir()))
        result = twin("tiles", "update", "--store", STORE, kept)
        check("an archive that is newer than the store is refused", result.returncode != 0 and "newer" in result.stderr,
              result.stderr)


def zooms_of(feature):
    place = centre(feature)
    return [(z, *column_and_row(place.x, place.y, z)) for z in (13, 14, 15, 16, 17)]


def centre(feature):
    return shapely.geometry.shape(feature["geometry"]).representative_point()


def ids(tile):
    """Ids of all features of a tile, by GDAL."""
    with tempfile.NamedTemporaryFile(suffix=".mvt") as file:
        file.write(tile)
        file.flush()
        return set(re.findall(r"mvt_id \(Integer64\) = (\d+)", run(["ogrinfo", "-al", "-q", file.name]).stdout))


PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/vendor/maplibre/maplibre-gl.css">
<style>html, body, #map { margin: 0; height: 100%% }</style><div id="map"></div>
<script src="/vendor/maplibre/maplibre-gl.js"></script><script>
window.problems = [];
const map = new maplibregl.Map({container: 'map', center: [%f, %f], zoom: 16, fadeDuration: 0,
  attributionControl: false, style: {version: 8, sources: {
    city: {type: 'vector', url: location.origin + '/tiles/city.json'}}, layers: [
    {id: 'ground', type: 'background', paint: {'background-color': '#ffffff'}},
    {id: 'buildings', type: 'fill', source: 'city', 'source-layer': 'buildings',
     paint: {'fill-color': '#ff0000', 'fill-antialias': false}}]}});
map.on('error', event => window.problems.push(String(event.error)));
map.on('idle', () => { window.drawn = true });
</script>"""


def maplibre():
    """MapLibre draws a served archive: the buildings are where the records say."""
    if not (ROOT / "vendor/web/maplibre").exists():
        return skip("MapLibre", "scripts/setup-web was not run")
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name, "city.pmtiles")
        build(path.parent, path.name, "--layers", "buildings", "--zoom", "13-16")
        with server(STORE, "--archive", path, "--vendor", ROOT / "vendor/web") as (base, _):
            west, south, east, north = HTTP.get(f"{base}/city.json", timeout=30).json()["extent"]
            lon, lat = (west + east) / 2, (south + north) / 2
            box = f"{lon - 0.008},{lat - 0.004},{lon + 0.008},{lat + 0.004}"
            features = HTTP.get(f"{base}/collections/buildings/items?bbox={box}&limit=1000", timeout=60).json()["features"]
            shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
            everything = shapely.union_all(shapes)
            inside = [shape.representative_point() for shape in shapes if shape.buffer(-0.00003).area > 0]
            grid = [shapely.Point(lon + i * 0.0007, lat + j * 0.0005) for i in range(-6, 7) for j in range(-5, 6)]
            outside = [point for point in grid if point.distance(everything) > 0.0001]
            image, positions, problems = draw(base, lon, lat, inside + outside)
            check("MapLibre has nothing to complain about", not problems, problems)
            colours = [image.getpixel(place) if 0 <= place[0] < image.width and 0 <= place[1] < image.height else None
                       for place in positions]
            red = [colour for colour in colours[:len(inside)] if colour]
            white = [colour for colour in colours[len(inside):] if colour]
            check(f"{len(red)} buildings are red where they stand", len(red) > 20 and red.count((255, 0, 0)) == len(red),
                  red)
            check(f"{len(white)} places beside buildings are white",
                  len(white) > 20 and white.count((255, 255, 255)) == len(white), white)


def qgis():
    """QGIS draws an archive: the buildings are where the records say, and nothing is where none is."""
    python = "/usr/bin/python3"
    found = subprocess.run([python, "-c", "import qgis.core"], capture_output=True, text=True)
    if found.returncode != 0:
        return skip("QGIS", "this machine has no PyQGIS for its /usr/bin/python3 (Debian: python3-qgis)")
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name, "city.mbtiles")
        build(path.parent, path.name, "--layers", "buildings", "--zoom", "13-16")
        west, south, east, north = HTTP.get(f"{BASE}/city.json", timeout=30).json()["extent"]
        lon, lat = (west + east) / 2, (south + north) / 2
        box = f"{lon - 0.004},{lat - 0.003},{lon + 0.004},{lat + 0.003}"
        features = HTTP.get(f"{BASE}/collections/buildings/items?bbox={box}&limit=2000", timeout=60).json()["features"]
        shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
        everything = shapely.union_all(shapes)
        inside = [shape.representative_point() for shape in shapes if shape.buffer(-0.00003).area > 0]
        grid = [shapely.Point(lon + i * 0.0004, lat + j * 0.0003) for i in range(-8, 9) for j in range(-8, 9)]
        outside = [point for point in grid if point.distance(everything) > 0.00004]
        earth = 2 * math.pi * 6378137
        x, y = world(lon, lat)
        centre_x, centre_y, size, metres = (x - 0.5) * earth, (0.5 - y) * earth, 800, 0.8
        half, image = size * metres / 2, pathlib.Path(name, "qgis.png")
        drawn = subprocess.run(
            [python, ROOT / "Tests/EndToEnd/qgis_render.py", path, str(centre_x - half), str(centre_y - half),
             str(centre_x + half), str(centre_y + half), str(size), str(size), image], capture_output=True, text=True,
            timeout=180)
        check(f"QGIS {drawn.stdout.split()[0] if drawn.stdout else ''} draws the MBTiles", drawn.returncode == 0,
              drawn.stderr[-800:])
        if drawn.returncode != 0:
            return
        pixels = Image.open(image).convert("RGB")

        def colours(points):
            found = []
            for point in points:
                wx, wy = world(point.x, point.y)
                column = ((wx - 0.5) * earth - centre_x + half) / metres
                row = (centre_y + half - (0.5 - wy) * earth) / metres
                if 0 <= column < size and 0 <= row < size:
                    found.append(pixels.getpixel((int(column), int(row))))
            return found

        red, white = colours(inside), colours(outside)
        check(f"QGIS: {len(red)} buildings are red where they stand",
              len(red) > 20 and red.count((255, 0, 0)) == len(red), [colour for colour in red if colour != (255, 0, 0)])
        check(f"QGIS: {len(white)} places beside buildings are white",
              len(white) > 20 and white.count((255, 255, 255)) == len(white),
              [colour for colour in white if colour != (255, 255, 255)])
        keep = os.environ.get("E2E_PICTURES")
        if keep:
            shutil.copy(image, pathlib.Path(keep, "qgis.png"))


def draw(base, lon, lat, points):
    """A screenshot of the map, the pixels of some places on it, and what the page logged."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True,
                                             chromium_sandbox=False, args=FLAGS)
        page = browser.new_page(viewport={"width": 640, "height": 480})
        page.route("**/map.html", lambda route: route.fulfill(content_type="text/html", body=PAGE % (lon, lat)))
        page.goto(f"{base}/map.html")
        page.wait_for_function("window.drawn === true", timeout=60_000)
        positions = page.evaluate("list => list.map(p => { const q = map.project(p); return [q.x, q.y] })",
                                  [[point.x, point.y] for point in points])
        problems = page.evaluate("window.problems")
        image = Image.open(io.BytesIO(page.screenshot(timeout=60_000))).convert("RGB")
        browser.close()
    return image, [(int(x), int(y)) for x, y in positions], problems


def bad_input():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for what, arguments, words in [
            ("an unknown layer", ["--layers", "nothing"], "there is no layer"),
            ("an absurd zoom", ["--zoom", "3-99"], "--zoom"),
            ("another format", ["-o", folder / "x.zip"], ".pmtiles or .mbtiles"),
            ("a resume of nothing", ["--resume"], "leave --resume out"),
            ("a folder that is not there", ["-o", folder / "no/x.pmtiles"], "cannot use"),
        ]:
            if "-o" not in arguments:
                arguments = [*arguments, "-o", folder / "x.pmtiles"]
            result = twin("tiles", "build", "--store", STORE, *arguments)
            check(f"{what} is refused with a reason", result.returncode != 0 and words in result.stderr,
                  result.stderr[-300:])
        check("and leaves no archive", not list(folder.glob("*tiles")), list(folder.iterdir()))


def full_disk():
    """A disk that fills during a build: an error that says so, nothing under the final name; with room it goes on."""
    with tempfile.TemporaryDirectory() as folder:
        if run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder]).returncode != 0:
            return skip("a full disk", "no small file system can be mounted here")
        try:
            path = pathlib.Path(folder, "city.pmtiles")
            result = build(path.parent, path.name, "--zoom", ZOOMS)
            check("a full disk: an error that says so", result.returncode != 0 and "full" in result.stderr,
                  (result.returncode, result.stderr[-400:]))
            check("a full disk: no archive", not path.exists() and not list(path.parent.glob("*.partial")),
                  list(path.parent.iterdir()))
            run(["mount", "-o", "remount,size=20m", folder])
            result = build(path.parent, path.name, "--zoom", ZOOMS, "--resume")
            check("with room the build goes on", result.returncode == 0 and path.exists(), result.stderr[-400:])
        finally:
            run(["umount", folder])


main(bytes_of_a_build, equal_to_the_server, gdal, edits, edits_through_the_api, updates, maplibre, qgis, bad_input, full_disk)
