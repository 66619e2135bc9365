# SPDX-License-Identifier: Apache-2.0
"""Screenshots of the page, driven by its deep links; started by scripts/shots."""

import argparse
import io
import json
import pathlib
import re
import sys
import time
import urllib.request

from PIL import Image
from playwright.sync_api import Error, sync_playwright

FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
READY = "document.body.dataset.ready === '1'"
LEAST_COLOURS = 60  # an empty map has a handful; anti-aliased panels alone are outside the measured part


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", help="URL of the running server, e.g. http://127.0.0.1:8080")
    parser.add_argument("out", nargs="?", default="out/shots", help="output folder (default: out/shots)")
    parser.add_argument("--prefix", default="", help="start of the file names (default: the city's id)")
    parser.add_argument("--center", help="lon,lat to look at (default: a dense place near the city's centre)")
    parser.add_argument("--size", default="1440x900", help="window size (default: 1440x900)")
    parser.add_argument("--token", help="access token, to see what is not public")
    parser.add_argument("--only", help="only the shots whose name contains this text")
    return parser.parse_args()


def get(url):
    with urllib.request.urlopen(url, timeout=60) as response:
        return json.load(response)


def dense_place(base, city):
    """A place near the middle of the built-up city, so that the pictures show streets and not a field."""
    layer = building_layer(city)
    extents = [l["extent"] for l in city["layers"] if l["id"] == layer and l["extent"]]
    w, s, e, n = extents[0] if extents else city["extent"]
    middle = [(w + e) / 2, (s + n) / 2]
    if not layer:
        return middle
    best = (-1, middle)
    for i in range(1, 6):
        for j in range(1, 6):
            at = [w + (e - w) * i / 6, s + (n - s) * j / 6]
            found = get(f"{base}/query/radius?at={at[0]:.6f},{at[1]:.6f}&radius=400&layers={layer}&limit=1")
            nearness = -abs(i - 3) - abs(j - 3)
            best = max(best, (found["total"] + nearness, at))
    return best[1]


def building_layer(city):
    polygons = [l for l in city["layers"] if l["geometry"] == "polygon"]
    named = [l for l in polygons if "building" in l["id"].lower()]
    tall = [l for l in polygons if any(f["name"] in ("height", "floors") for f in l["fields"])]
    return next((l["id"] for l in named + tall), None)


def nearest_building(base, city, at):
    """The middle of the building nearest to a place, which a click there then hits."""
    layer = building_layer(city)
    found = get(f"{base}/query/radius?at={at[0]:.6f},{at[1]:.6f}&radius=1000&layers={layer}&limit=1") if layer else None
    if not found or not found["total"]:
        return at
    ring = found["layers"][0]["features"][0]["geometry"]["coordinates"]
    while isinstance(ring[0][0], list):
        ring = ring[0]
    return [sum(p[0] for p in ring) / len(ring), sum(p[1] for p in ring) / len(ring)]


def thematics(city, where):
    """Buildings by their storeys or height, and by a text, in both themes."""
    layer = next((l for l in city["layers"] if l["id"] == building_layer(city)), None)
    fields = layer["fields"] if layer else []
    number = next((f["name"] for n in ("floors", "height") for f in fields if f["name"] == n), None)
    text = next((f["name"] for n in ("use", "building", "structure") for f in fields if f["name"] == n), None)
    shots = []
    if number:
        shots.append(("2d-thematic-zh", f"view=2d&lang=zh&theme=light&{where}&zoom=15&thematic={layer['id']}.{number},jenks,5", None))
    if text:
        shots.append(("25d-thematic-dark-zh", f"view=2.5d&lang=zh&theme=dark&{where}&zoom=15.4&pitch=55&thematic={layer['id']}.{text}", None))
    return shots


def open_table(page):
    page.click("#open-table")
    page.wait_for_selector("tr[data-feature]")
    page.locator("tr[data-feature]").nth(2).click()
    page.wait_for_timeout(2500)
    return True


def inventory(page):
    page.click("#plan-inventory")
    page.wait_for_selector("#inventory")
    return True


def conflicts(first, second):
    """Runs the analysis of conflicts between two plans in the planner's panel and lights up the first of them."""
    def act(page):
        page.wait_for_selector("[data-plan=plan-conflict]")
        page.click("[data-plan=plan-conflict]")
        page.wait_for_selector(f"[data-layer-chip={first}]")
        for chip in page.locator("[data-input=layers] [data-layer-chip]").all():
            if (chip.get_attribute("aria-pressed") == "true") != (chip.get_attribute("data-layer-chip") in (first, second)):
                chip.click()
        page.click("#plan-run")
        page.wait_for_selector("#result-table", timeout=120_000)
        page.locator("#plan-result").evaluate("element => element.scrollIntoView()")
        page.wait_for_timeout(5000)
        return page.locator("[data-result]").count() > 0
    return act


def tool(name, *clicks, wait=2000):
    """Opens a 3D tool and clicks in it or in the scene: a selector, or an offset from its middle."""
    def act(page):
        page.click(f"[data-tool={name}]")
        box = page.locator("#map3d").bounding_box()
        for click in clicks:
            if isinstance(click, str):
                page.click(click)
            else:
                page.mouse.click(box["x"] + box["width"] / 2 + click[0], box["y"] + box["height"] / 2 + click[1])
            page.wait_for_timeout(500)
        page.evaluate("import('/web/js/map3d.js').then((scene) => scene.idle())")
        page.wait_for_timeout(wait)
        return True
    return act


def planner(city, where):
    """The planner's tools: swipe, attribute table, inventory."""
    plans = [l["id"] for l in city["layers"] if l["geometry"] == "polygon" and not l["base"] and l["count"]][:2]
    shots = [("2d-inventory-zh", f"view=2d&lang=zh&theme=light&{where}&zoom=15&tab=plan", inventory)]
    classed = [l["id"] for l in city["layers"] if l["geometry"] == "polygon" and l["count"] and re.search("plan|land_?use", l["id"]) and l["style"].get("by")][:2]
    if len(classed) == 2:
        under = ",".join([classed[0], *(l["id"] for l in city["layers"] if l["geometry"] == "line" and (l["base"] or l["style"].get("visible")))])
        shots.append(("2d-conflict-zh", f"view=2d&lang=zh&theme=light&tab=plan&layers={under}", conflicts(*classed)))
    if len(plans) == 2:
        shots.append(("2d-swipe-zh", f"view=2d&lang=zh&theme=light&{where}&zoom=15.5&swipe={plans[0]},{plans[1]}", None))
    if any(l["fields"] and l["count"] and not l["base"] for l in city["layers"]):
        shots.append(("2d-table-zh", f"view=2d&lang=zh&theme=light&{where}&zoom=16", open_table))
    return shots


def scene(where):
    """The tools of the 3D scene."""
    view = f"view=3d&lang=zh&theme=light&{where}&pitch=55&bearing=-20"
    return [
        ("3d-measure-zh", f"{view}&zoom=17.3", tool("measure", "#measure-area", (0, 0), (120, 20), (150, 120), (-20, 140), wait=1500)),
        ("3d-colour-zh", f"{view}&zoom=16.5", tool("colour")),
        ("3d-sun-zh", f"{view}&zoom=17.3", tool("sun")),
        ("3d-pit-zh", f"{view}&zoom=18.6", tool("cut", "#cut-cutPit")),
    ]


def plan(base, city, at):
    """(name, hash, what to do before the picture: a function of the page that returns whether it could)"""
    building = nearest_building(base, city, at)
    where = f"center={at[0]:.6f},{at[1]:.6f}"
    query = f"query={at[0]:.6f},{at[1]:.6f}"
    extra = [l["id"] for l in city["layers"] if not l["base"] and l["classification"] == "public" and l["geometry"] == "point"][:2]
    on = ",".join([l["id"] for l in city["layers"] if l["base"] or l["style"].get("visible") or l["id"] in extra])
    points = ",".join([l["id"] for l in city["layers"] if l["base"] or (l["geometry"] == "point" and l["classification"] == "public" and l["id"] != "sensors")])
    shots = [
        ("2d-overview-zh", "view=2d&lang=zh&theme=light", None),
        ("2d-overview-en", "view=2d&lang=en&theme=light", None),
        ("2d-radius-zh", f"view=2d&lang=zh&theme=light&{where}&zoom=16&{query},300&tab=radius&layers={on}", None),
        ("2d-radius-en-dark", f"view=2d&lang=en&theme=dark&{where}&zoom=16&{query},300&tab=radius&layers={on}", None),
        ("2d-scenario-en", "view=2d&lang=en&theme=light&tab=scenario" + (f"&scenario={city['scenarios'][0]['id']}" if city["scenarios"] else ""), None),
        ("2d-feature-zh", f"view=2d&lang=zh&theme=light&center={building[0]:.7f},{building[1]:.7f}&zoom=17.5", click_feature),
        ("2d-overview-dark-zh", "view=2d&lang=zh&theme=dark", None),
        ("2d-symbols-zh", f"view=2d&lang=zh&theme=light&{where}&zoom=17.5&layers={points}", None),
    ] + thematics(city, where) + planner(city, where) + [
        ("25d-zh", f"view=2.5d&lang=zh&theme=light&{where}&zoom=16&pitch=58&bearing=-25&tab=live", None),
    ]
    if city["models"]:
        shots += [
            ("3d-above-zh", f"view=3d&lang=zh&theme=light&{where}&zoom=16&pitch=60&bearing=-20", None),
            ("3d-above-en", f"view=3d&lang=en&theme=light&{where}&zoom=15&pitch=60&bearing=30", None),
        ]
        shots += scene(where)
        if any(m["kind"] == "pipes" for m in city["models"]):
            shots.append(("3d-underground-zh", f"view=underground&lang=zh&theme=light&{where}&zoom=18&pitch=50", None))
            shots.append(("3d-underground-en", f"view=underground&lang=en&theme=dark&{where}&zoom=18&pitch=60", None))
    return shots


def click_feature(page):
    """Clicks outwards from the middle of the map until the attribute panel shows an id."""
    box = page.locator("#map2d").bounding_box()
    for dx, dy in [(0, 0), (60, 0), (-60, 0), (0, 60), (0, -60), (90, 90), (-90, -90), (140, -40), (-140, 60), (0, 150)]:
        page.mouse.click(box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy)
        page.wait_for_timeout(700)
        if page.locator("#feature-id").count():
            page.wait_for_timeout(1200)
            return True
    return False


def colours(png, box):
    image = Image.open(io.BytesIO(png)).convert("RGB")
    part = image.crop((int(box["x"]) + 8, int(box["y"]) + 8, int(box["x"] + box["width"]) - 60, int(box["y"] + box["height"]) - 8))
    return len(part.getcolors(maxcolors=part.width * part.height))


def shoot(browser, base, out, name, hashed, act, size, token):
    """Takes one picture; returns the reasons why it is not good."""
    page = browser.new_page(viewport=size, reduced_motion="reduce")
    if token:
        page.add_init_script(f"sessionStorage.setItem('twin.token', {json.dumps(token)})")
    logged = []
    # A city may keep its sensors to itself: the page then explains the refusal, which the browser also logs.
    page.on("console", lambda m: logged.append(m.text) if m.type == "error" and "/live/stream" not in m.location["url"] else None)
    page.on("pageerror", lambda e: logged.append(str(e)))
    problems = []
    started = time.time()
    try:
        page.goto(f"{base}/#{hashed}")
        page.wait_for_function(READY, timeout=150_000)
        if act and not act(page):
            problems.append("what the picture is to show could not be clicked")
        png = page.screenshot(path=out / f"{name}.png", timeout=120_000)
        count = colours(png, page.locator("#stage").bounding_box())
        if count < LEAST_COLOURS:
            problems.append(f"the map is empty: {count} colours")
    except Error as error:
        count = 0
        problems.append(f"not ready: {str(error).splitlines()[0]}")
    logged += page.evaluate("window.__errors || []")
    problems += [f"page: {line[:300]}" for line in dict.fromkeys(logged)]
    page.close()
    print(f"{'FAIL' if problems else 'ok  '} {name}.png  {count} colours, {time.time() - started:.1f} s", flush=True)
    return problems


def main():
    options = arguments()
    base = options.base.rstrip("/")
    city = get(f"{base}/city.json")
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    width, height = (int(v) for v in options.size.split("x"))
    at = [float(v) for v in options.center.split(",")] if options.center else dense_place(base, city)
    prefix = options.prefix or city["id"]
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, chromium_sandbox=False, args=FLAGS)
        for name, hashed, act in plan(base, city, at):
            if options.only and options.only not in name:
                continue
            problems = shoot(browser, base, out, f"{prefix}-{name}", hashed, act, {"width": width, "height": height}, options.token)
            for problem in problems:
                print(f"     {problem}", file=sys.stderr)
            failed += bool(problems)
        browser.close()
    print(f"pictures in {out}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
