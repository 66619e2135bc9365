# SPDX-License-Identifier: Apache-2.0
"""The page in a real headless Chromium, against a running server.

    .venv-web/bin/python Tests/EndToEnd/page_test.py BASE_URL

Prints one line per check and "N passed, N failed"; exit status 1 when one failed. scripts/shots makes .venv-web.
"""

import io
import sys
import urllib.parse

from PIL import Image
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


def check_3d(page, logged):
    page.click("#views [data-value='3d']")
    if not wait_ready(page, "the 3D view is ready", logged):
        return
    check("the 3D picture is not empty", map_colours(page) > 100, "fewer than 100 colours")
    check("the 3D view stayed", page.get_attribute("#views [data-value='3d']", "aria-pressed") == "true")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    base = sys.argv[1].rstrip("/")
    host = urllib.parse.urlsplit(base).netloc
    logged, foreign = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, chromium_sandbox=False, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page.on("console", lambda m: logged.append(m.text) if m.type == "error" else None)
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
            if city["models"]:
                check_3d(page, logged)
        check("no request left the host", not foreign, str(foreign[:5]))
        logged += page.evaluate("window.__errors || []")
        check("no console errors", not logged, str(logged[:5]))
        browser.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
