# SPDX-License-Identifier: Apache-2.0
"""The page in a real headless Chromium, against a running server.

    .venv-web/bin/python Tests/EndToEnd/page_test.py BASE_URL [TOKEN]

With TOKEN, an access token that may read the sensors, the token dialog is tested to the end.

Prints one line per check and "N passed, N failed"; exit status 1 when one failed. scripts/shots makes .venv-web.
"""

import io
import re
import sys
import urllib.parse

from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Error, sync_playwright

FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
READY = "document.body.dataset.ready === '1'"
CJK = """() => { const px = (c) => { const k = document.createElement('canvas'); k.width = k.height = 32;
  const g = k.getContext('2d'); g.font = '28px sans-serif'; g.fillText(c, 0, 28); return k.toDataURL(); };
  return px('黄') !== px('浦'); }"""

passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok  ' if good else 'FAIL'} {name}{'' if good else f': {detail}'}", flush=True)
    return bool(good)


def wait_ready(page, name, logged):
    try:
        page.wait_for_function(READY, timeout=120_000)
        return check(name, True)
    except Error:
        return check(name, False, f"not ready; console: {logged}; page: {page.evaluate('window.__errors')}")


def map_colours(page):
    box = page.locator("#stage").bounding_box()
    image = Image.open(io.BytesIO(page.screenshot(timeout=120_000))).convert("RGB")
    part = image.crop((int(box["x"]) + 8, int(box["y"]) + 8, int(box["x"] + box["width"]) - 60, int(box["y"] + box["height"]) - 8))
    return len(part.getcolors(maxcolors=part.width * part.height))


def buildings(city):
    polygons = [l for l in city["layers"] if l["geometry"] == "polygon" and l["count"]]
    tall = [l for l in polygons if any(f["name"] in ("height", "floors") for f in l["fields"])]
    named = [l for l in polygons if "building" in l["id"].lower()]
    return (named + tall)[0]["id"]


def some_building(page, base, city, layer):
    """lon, lat of the middle of a building that lies inside the city's extent, and its id."""
    w, s, e, n = city["extent"]
    at = f"{(w + e) / 2:.6f},{(s + n) / 2:.6f}"
    for radius in (300, 1000, 3000, 5000):
        answer = page.request.get(f"{base}/query/radius?at={at}&radius={radius}&layers={layer}&limit=20").json()
        for feature in answer["layers"][0]["features"]:
            ring = feature["geometry"]["coordinates"]
            while isinstance(ring[0][0], list):
                ring = ring[0]
            return [sum(p[0] for p in ring) / len(ring), sum(p[1] for p in ring) / len(ring)], feature["id"]
    raise SystemExit(f"page_test: no feature of {layer} within 5 km of {at}; is the store imported?")


def click_middle(page):
    box = page.locator("#map2d").bounding_box()
    for dx, dy in [(0, 0), (8, 0), (-8, 0), (0, 8), (0, -8), (20, 20), (-20, -20), (45, 0), (-45, 0), (0, 45)]:
        page.mouse.click(box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy)
        try:
            page.wait_for_selector("#feature-id", timeout=2500)
            return True
        except Error:
            continue
    return False


def check_feature(page, base, layer):
    if not check("a click shows a feature", click_middle(page), "no #feature-id after ten clicks"):
        return
    page.wait_for_timeout(1500)
    shown = page.inner_text("#feature-id")
    rows = page.locator("table.attrs tr").count()
    check("its id is shown", shown not in ("", "—", "undefined"), shown)
    check("its attributes are shown", rows >= 3, f"{rows} rows")
    selected = page.evaluate("new URLSearchParams(location.hash.slice(1)).get('select')") or ""
    where, _, number = selected.partition("/")
    record = page.request.get(f"{base}/collections/{where}/items/{number}")
    check("the id is a record of that layer", record.ok and str(record.json().get("id")) == shown, f"{selected}: {record.status}")
    check("the clicked feature is a building", where == layer, selected)


def check_radius(page):
    page.click("#tab-radius")
    page.click("#pin-button")
    box = page.locator("#map2d").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    try:
        page.wait_for_selector("#radius-summary", timeout=20_000)
    except Error:
        problem = page.locator("#panel-radius .problem")
        check("dropping a pin runs the radius query", False, problem.inner_text() if problem.count() else "no answer in 20 s")
        return
    total = int(page.get_attribute("#radius-summary", "data-total"))
    hits = page.locator("[data-hit]").count()
    check("dropping a pin runs the radius query", total > 0, f"total {total}")
    check("hits are listed", 0 < hits <= total, f"{hits} of {total}")
    check("the URL holds the query", "query=" in page.evaluate("location.hash") or page.wait_for_timeout(400) or "query=" in page.evaluate("location.hash"))
    page.locator("[data-hit]").first.click()
    check("a hit can be chosen", page.locator("[data-hit].on").count() == 1)
    page.wait_for_timeout(1500)


def check_language(page):
    page.click("#langs [data-value=en]")
    page.wait_for_function(READY, timeout=60_000)
    check("English", "Layers" in page.inner_text("#left"), page.inner_text("#left")[:80])
    page.click("#langs [data-value=zh]")
    page.wait_for_function(READY, timeout=60_000)
    check("Chinese", "图层" in page.inner_text("#left"), page.inner_text("#left")[:80])
    check("Chinese characters have a font", page.evaluate(CJK), "install fonts-wqy-microhei")


def check_layout(page):
    for width, height in ((1280, 800), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        over = page.evaluate("[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight,"
                             " document.getElementById('topbar').scrollWidth - document.getElementById('topbar').clientWidth]")
        check(f"nothing overflows at {width}x{height}", max(over) <= 0, str(over))
    page.set_viewport_size({"width": 1280, "height": 800})


def stage_picture(page):
    box = page.locator("#map3d").bounding_box()
    image = Image.open(io.BytesIO(page.screenshot(timeout=120_000))).convert("RGB")
    return image.crop((int(box["x"]) + 250, int(box["y"]) + 8, int(box["x"] + box["width"]) - 60, int(box["y"] + box["height"]) - 8))


AROUND = [(0, 0)] + [(dx * k, dy * k) for k in (3, 6, 10, 15, 24, 40) for dx, dy in ((0, 1), (0, -1), (1, 0), (-1, 0))]


def check_pick(page, base, name, belongs):
    """Clicks around the middle of the 3D scene until the panel shows a record of a wanted layer."""
    box = page.locator("#map3d").bounding_box()
    seen = "nothing"
    for dx, dy in AROUND:
        page.mouse.click(box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy)
        try:
            page.wait_for_selector("#feature-id", timeout=3000)
        except Error:
            continue
        page.wait_for_timeout(800)
        seen = urllib.parse.unquote(page.evaluate("new URLSearchParams(location.hash.slice(1)).get('select')") or "nothing")
        layer, _, number = seen.partition("/")
        if not belongs(layer):
            continue
        record = page.request.get(f"{base}/collections/{layer}/items/{number}")
        good = record.ok and str(record.json()["id"]) == page.inner_text("#feature-id")
        check(name, good, f"{seen}: {record.status}")
        check(f"{name}: attributes", page.locator("table.attrs tr").count() >= 4, seen)
        return
    check(name, False, f"clicked {seen}")


def some_pipe(page, base, city, at):
    """lon, lat of a vertex of a public pipe near a place, and the pipe layers; None when there is none."""
    lines = [l["id"] for l in city["layers"] if l["geometry"] == "line" and any("depth" in f["name"] for f in l["fields"])]
    for layer in lines:
        answer = page.request.get(f"{base}/query/radius?at={at[0]},{at[1]}&radius=1500&layers={layer}&limit=5").json()
        for feature in answer["layers"][0]["features"]:
            line = feature["geometry"]["coordinates"]
            line = line[0] if isinstance(line[0][0], list) else line
            return [(line[0][i] + line[1][i]) / 2 for i in (0, 1)], set(lines)
    return None, set(lines)


def check_3d(page, base, city, layer, at, logged):
    page.click("#views [data-value='3d']")
    if not wait_ready(page, "the 3D view is ready", logged):
        return
    check("the 3D picture is not empty", map_colours(page) > 100, "fewer than 100 colours")
    check("the 3D view stayed", page.get_attribute("#views [data-value='3d']", "aria-pressed") == "true")
    check_pick(page, base, "a click in 3D shows a building", lambda picked: picked == layer)
    if not any(model["kind"] == "pipes" for model in city["models"]):
        return
    where, lines = some_pipe(page, base, city, at)
    if not check("there is a pipe near the place", where is not None, str(lines)):
        return
    page.fill("#search", f"{where[0]:.7f},{where[1]:.7f}")
    page.press("#search", "Enter")
    page.wait_for_timeout(3000)
    above = stage_picture(page)
    page.evaluate("document.body.dataset.ready = '0'")
    page.click("#views [data-value='underground']")
    if not wait_ready(page, "the underground view is ready", logged):
        return
    below = stage_picture(page)
    changed = sum(ImageStat.Stat(ImageChops.difference(above, below)).mean) / 3
    check("underground looks different from above", changed > 12, f"mean difference {changed:.1f}")
    check("the legend names the pipe classes", page.locator("#legend3d li").count() >= 1)
    page.click("[data-pipes=depth]")
    check("pipes can be coloured by depth", "m" in page.inner_text("#legend3d li >> nth=0"))
    page.click("[data-pipes=class]")
    check_pick(page, base, "a click underground shows a pipe", lambda picked: picked in lines)


POSITIONS = """() => import('/web/js/live.js').then(({live}) =>
  [...live.sensors.values()].map((s) => [s.id, s.kind, ...(s.shown || [])].join()))"""


def check_live(page, base, city, token):
    """Sensors move; or, where they are not public, the panel says so and takes a token."""
    page.click("#tab-live")
    page.wait_for_selector("#live-denied, #live-list .hits", timeout=20_000)
    denied = page.locator("#live-denied").count() > 0
    if denied:
        check("a refusal is explained", "token" in page.inner_text("#live-denied") or "令牌" in page.inner_text("#live-denied"))
        page.click("#live-denied button")
        page.fill("#token-input", "not-a-token")
        page.click("#token-use")
        if not token:
            page.wait_for_timeout(800)
            page.keyboard.press("Escape")
            return
        page.wait_for_selector("#token-dialog .problem:not([hidden])", timeout=5000)
        check("a wrong token is refused with a reason", "token" in page.inner_text("#token-dialog .problem"))
        page.fill("#token-input", token)
        with page.expect_navigation():
            page.click("#token-use")
        page.wait_for_function(READY, timeout=60_000)
        page.click("#tab-live")
        page.wait_for_selector("#live-list .hits", timeout=20_000)
        check("the token is kept for this tab only", page.evaluate("localStorage.getItem('twin.token') === null && sessionStorage.getItem('twin.token') !== null"))
        check("more layers are listed with a token", page.locator("input[data-layer]").count() > len(city["layers"]))
    check("sensors are listed", page.locator("[data-sensor]").count() > 0)
    before, moved = set(page.evaluate(POSITIONS)), set()
    for _ in range(20):
        page.wait_for_timeout(1500)
        moved = {entry.split(",")[1] for entry in set(page.evaluate(POSITIONS)) - before}
        if moved:
            break
    check("vehicles move on the stream", bool(moved), f"{len(before)} terminals, none moved in 30 s")
    page.locator("[data-sensor]").first.click()
    check("a sensor shows its values", page.locator("table.attrs tr").count() >= 2)
    if denied:
        page.click("#token")
        with page.expect_navigation():
            page.click("#token-forget")
        page.wait_for_function(READY, timeout=60_000)
        check("a token can be forgotten", page.evaluate("sessionStorage.getItem('twin.token') === null"))


def stage_pixels(page):
    """The map's pixels, without tools and legend."""
    box = page.locator("#stage").bounding_box()
    image = Image.open(io.BytesIO(page.screenshot(timeout=120_000))).convert("RGB")
    return image.crop((int(box["x"]) + 320, int(box["y"]) + 8, int(box["x"] + box["width"]) - 60, int(box["y"] + box["height"]) - 8))


def share(image, colour, reach=10):
    """The share of pixels within `reach` of a colour."""
    want = tuple(int(colour[i:i + 2], 16) for i in (1, 3, 5))
    near = sum(count for count, pixel in image.getcolors(maxcolors=image.width * image.height)
               if max(abs(a - b) for a, b in zip(pixel, want)) <= reach)
    return near / (image.width * image.height)


def visit(page, base, hashed, name, logged):
    page.goto("about:blank")
    page.goto(f"{base}/#{hashed}")
    return wait_ready(page, name, logged)


STYLE_OF = "() => import('/web/js/map2d.js').then(({ baseStyle }) => baseStyle())"

# Loads every style into MapLibre, whose validator reports what the specification does not allow.
VALIDATE = """async (addresses) => {
  const problems = [];
  for (const address of addresses) {
    const style = await (await fetch(address)).json();
    const element = document.createElement('div');
    element.style.cssText = 'position:absolute;left:-999px;width:64px;height:64px';
    document.body.append(element);
    const map = new maplibregl.Map({ container: element, style, interactive: false, attributionControl: false });
    map.on('error', (event) => problems.push(`${address}: ${event.error && event.error.message}`));
    await Promise.race([new Promise((done) => map.once('load', done)), new Promise((done) => setTimeout(done, 20000))]);
    if (!map.isStyleLoaded()) problems.push(`${address}: not loaded`);
    map.remove();
    element.remove();
  }
  return problems;
}"""


def fields_to_map(city):
    """LAYER.FIELD of a number, a text and a field of lines or points, as far as the city has them."""
    found = {}
    for layer in city["layers"]:
        for field in layer["fields"] if layer["count"] else []:
            found.setdefault((layer["geometry"], field["type"] in ("real", "integer")), f"{layer['id']}.{field['name']}")
    return sorted(found.values())


def check_styles(page, city):
    addresses = [f"/style.json?lang={lang}&theme={theme}" for lang in ("zh", "en") for theme in ("light", "dark")]
    addresses += [f"/style.json?theme=thematic:{name}" for name in fields_to_map(city)]
    number = next((n for n in fields_to_map(city) if n.startswith(buildings(city) + ".")), None)
    if number:
        addresses += [f"/style.json?theme=dark&thematic={number}&classes=4"]
    problems = page.evaluate(VALIDATE, addresses)
    check(f"MapLibre accepts {len(addresses)} styles", not problems, str(problems[:5]))


def check_themes(page, base, logged):
    """Empty ground has the theme's background; far from the city nothing else is drawn."""
    for theme, colour in (("light", "#f3f1ec"), ("dark", "#15191e")):
        if visit(page, base, f"view=2d&lang=zh&theme={theme}&center=100.0,20.0&zoom=12", f"the {theme} map is ready", logged):
            part = share(stage_pixels(page), colour, 2)
            check(f"the {theme} background has its colour", part > 0.99, f"{part:.3f} of the pixels")
            check(f"the {theme} style says so", page.evaluate(STYLE_OF)["metadata"]["twin:theme"] == theme)


def check_symbols(page, base, city, logged):
    """Hydrants show their symbol: their dots hold pixels of the symbol's colour, which vanish without it."""
    layer = next((l for l in city["layers"] if l["id"] == "hydrants" and l["count"]), None)
    if layer is None:
        return
    w, s, e, n = layer["extent"]
    at = f"{(w + e) / 2:.6f},{(s + n) / 2:.6f}"
    found = page.request.get(f"{base}/query/radius?at={at}&radius=5000&layers=hydrants&limit=1").json()
    place = found["layers"][0]["features"][0]["geometry"]["coordinates"]
    if not visit(page, base, f"view=2d&lang=zh&theme=light&center={place[0]:.7f},{place[1]:.7f}&zoom=19&layers=hydrants", "hydrants are ready", logged):
        return
    box = page.locator("#map2d").bounding_box()
    middle = (int(box["x"] + box["width"] / 2), int(box["y"] + box["height"] / 2))
    image = Image.open(io.BytesIO(page.screenshot(timeout=120_000))).convert("RGB")
    dot = image.crop((middle[0] - 9, middle[1] - 9, middle[0] + 9, middle[1] + 9))
    white, body = share(dot, "#ffffff", 60), share(dot, layer["style"]["color"], 40)
    check("hydrants show their symbol", white > 0.08 and body > 0.2, f"white {white:.2f}, dot {body:.2f}")


def check_thematic(page, base, city, layer, at, logged):
    """The picker colours buildings; the legend counts all of them; the colours are on the map."""
    count = next(l["count"] for l in city["layers"] if l["id"] == layer)
    if not visit(page, base, f"view=2d&lang=zh&theme=light&center={at[0]:.7f},{at[1]:.7f}&zoom=16", "the map for a thematic map is ready", logged):
        return
    page.click("#thematic summary")
    page.select_option("#thematic-layer", layer)
    page.wait_for_function(READY, timeout=60_000)
    check("the legend is shown", page.locator("#legend2d li").count() >= 2)
    check("the address holds the thematic map", page.wait_for_timeout(400) or f"thematic={layer}." in page.evaluate("location.hash"))
    page.wait_for_timeout(600)
    legend = page.evaluate(STYLE_OF)["metadata"]["twin:legend"]
    total = sum(entry["count"] for entry in legend["entries"]) + legend["other"]["count"] + legend["missing"]["count"]
    check("the legend counts every building", total == count, f"{total} of {count}")
    image = stage_pixels(page)
    seen = sum(share(image, entry["color"], 14) for entry in legend["entries"])
    check("its colours are on the map", seen > 0.01, f"{seen:.4f} of the pixels")
    page.select_option("#thematic-layer", "")
    page.wait_for_function(READY, timeout=60_000)
    check("the legend goes with it", page.locator("#legend2d:visible").count() == 0)


CLUSTERS = """() => import('/web/js/map2d.js').then(({ rendered }) => rendered('twin:live-cluster').map((f) => f.properties.point_count))"""


def check_live_tiles(page, base, city, logged):
    """In the overview, clusters from the live tiles hold every terminal that reports near the city."""
    if not city["live"]["count"] or page.request.get(f"{base}/tiles/live.json").status != 200:
        return
    w, s, e, n = city["extent"]
    if visit(page, base, f"view=2d&lang=zh&theme=light&center={(w + e) / 2:.6f},{(s + n) / 2:.6f}&zoom=11", "the overview is ready", logged):
        counts = page.evaluate(CLUSTERS)
        check("terminals are clustered in the overview", sum(counts) > 0.5 * city["live"]["count"], f"{counts} of {city['live']['count']}")


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    base = sys.argv[1].rstrip("/")
    host = urllib.parse.urlsplit(base).netloc
    token = sys.argv[2] if len(sys.argv) == 3 else None
    logged, foreign, vendor = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, chromium_sandbox=False, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        # The browser itself logs refusals that this test provokes: sensors without a token, and a wrong token.
        expected = re.compile(r"/live/stream|/city\.json")
        page.on("console", lambda m: logged.append(m.text) if m.type == "error" and not (
            re.search("40[13]", m.text) and expected.search(m.location["url"])) else None)
        page.on("request", lambda r: vendor.append(urllib.parse.urlsplit(r.url).path) if "/vendor/" in r.url else None)
        page.on("pageerror", lambda e: logged.append(str(e)))
        page.on("request", lambda r: foreign.append(r.url) if r.url.startswith(("http", "ws")) and urllib.parse.urlsplit(r.url).netloc != host else None)
        city = page.request.get(f"{base}/city.json").json()
        layer = buildings(city)
        at, _ = some_building(page, base, city, layer)
        page.goto(f"{base}/#view=2d&lang=zh&theme=light&center={at[0]:.7f},{at[1]:.7f}&zoom=18")
        if wait_ready(page, "the map is ready", logged):
            check("the map picture is not empty", map_colours(page) > 20, "fewer than 20 colours")
            check("the layer tree lists every layer", page.locator("input[data-layer]").count() == len(city["layers"]))
            check_feature(page, base, layer)
            check_radius(page)
            check_language(page)
            check_layout(page)
            check_live(page, base, city, token)
            check_styles(page, city)
            check_thematic(page, base, city, layer, at, logged)
            check_symbols(page, base, city, logged)
            check_live_tiles(page, base, city, logged)
            check_themes(page, base, logged)
            if city["models"]:
                page.goto("about:blank")
                page.goto(f"{base}/#view=2d&lang=zh&theme=light&center={at[0]:.7f},{at[1]:.7f}&zoom=18&tab=feature")
                wait_ready(page, "the map is ready again", logged)
                check_3d(page, base, city, layer, at, logged)
        plain = [path for path in vendor if not re.match(r"/vendor/[a-z]+-\d+\.\d+\.\d+/", path)]
        check("third-party files have versioned addresses", vendor and not plain, str(plain[:3]))
        check("no request left the host", not foreign, str(foreign[:5]))
        logged += page.evaluate("window.__errors || []")
        check("no console errors", not logged, str(logged[:5]))
        browser.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
