# SPDX-License-Identifier: Apache-2.0
"""The 3D tools of the page in a real headless Chromium: measuring, colouring, sunlight, cutting, depth below ground."""

import datetime
import math
import random
import re

from PIL import ImageChops, ImageStat
from pyproj import Geod

import browser
from harness import check, main, required

BASE = required("E2E_BASE")
GEOD = Geod(ellps="WGS84")


def city_place(page):
    """A low building near the middle of the city, its record, and a pipe near it."""
    city = page.request.get(f"{BASE}/city.json").json()
    w, s, e, n = city["extent"]
    near = page.request.get(f"{BASE}/query/radius?at={(w + e) / 2},{(s + n) / 2}&radius=5000&layers=buildings&limit=200").json()
    low = [f for f in near["layers"][0]["features"] if 6 < f["properties"]["height"] < 20 and is_wide(f["geometry"])]
    nearest = min(low, key=lambda f: f["distance"])
    return city, nearest, browser.middle(nearest["geometry"])


def is_wide(geometry):
    """A rectangle of at least 14 m by 14 m without a courtyard, whose middle is a roof also when seen a little from the side."""
    ring = geometry["coordinates"][0]
    return len(geometry["coordinates"]) == 1 and len(ring) == 5 and min(GEOD.inv(*ring[i], *ring[i + 1])[2] for i in (0, 1)) >= 14


def geodesy(page):
    """The page's lengths and areas against PROJ."""
    seed = random.randrange(1 << 30)
    rand = random.Random(seed)
    lines = []
    for _ in range(200):
        at = [rand.uniform(-179, 179), rand.uniform(-80, 80)]
        reach = 10 ** rand.uniform(-4, -1)  # 10 m to 10 km
        turn = sorted(rand.uniform(0, 2 * math.pi) for _ in range(rand.randint(3, 8)))
        lines.append([[at[0] + reach * math.cos(a), at[1] + reach * math.sin(a)] for a in turn])
    found = page.evaluate("lines => import('/web/js/geodesy.js').then(g => lines.map(l => [g.length(l), g.area(l)]))", lines)
    worst_length = worst_area = 0
    for line, (length, area) in zip(lines, found):
        lon, lat = zip(*line)
        right = GEOD.line_length(lon, lat)
        worst_length = max(worst_length, abs(length - right))
        exact, around = GEOD.polygon_area_perimeter(lon, lat)
        worst_area = max(worst_area, abs(area - abs(exact)) / (around * 0.002 + 1e-6 * abs(exact)))
    check("lengths equal PROJ's within 0.1 mm", worst_length < 1e-4, f"{worst_length} m, seed {seed}")
    check("areas equal PROJ's within 2 mm x perimeter", worst_area < 1, f"{worst_area}, seed {seed}")


def measured(page, key):
    return float(page.get_attribute(f"[data-figure={key}]", "data-value"))


def measuring(page, logged, building, at):
    """From almost straight above: a roof and the ground beside it give the building's height; a line its length."""
    where = f"center={at[0]:.7f},{at[1]:.7f}"
    if not browser.visit(page, BASE, f"view=3d&lang=zh&theme=light&{where}&zoom=18&pitch=11", "the 3D view from above is ready", logged):
        return
    box = page.locator("#map3d").bounding_box()
    cx, cy = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.click("[data-tool=measure]")
    page.click("#measure-length")
    for dx in (-60, 60):
        page.mouse.click(cx + dx, cy + 150)
        page.wait_for_timeout(400)
    drawn = page.evaluate("document.querySelectorAll('#overlay3d .o-measure circle').length")
    check("a length is drawn with its points", drawn == 2, drawn)
    flat, text = measured(page, "measureFlat"), page.inner_text("[data-figure=measureFlat]")
    shown = page.evaluate("document.querySelector('#overlay3d .o-measure text').textContent")
    check("a length has its unit and stands in the scene", re.search(r"\d m", text) and shown == text and 20 < flat < 400, f"{text} {shown}")
    page.click("#measure-area")
    for dx, dy in ((-60, 100), (60, 100), (60, 190), (-60, 190)):
        page.mouse.click(cx + dx, cy + dy)
        page.wait_for_timeout(400)
    area = measured(page, "measureArea")
    check("an area is that of its sides", abs(area / (flat * flat * 90 / 120) - 1) < 0.2 and "m²" in page.inner_text("[data-figure=measureArea]"), f"{area}, side {flat}")
    page.click("#measure-height")
    for dx, dy in ground_beside(page, at, flat / 120) + [(0, 0)]:
        page.mouse.click(cx + dx, cy + dy)
        page.wait_for_timeout(600)
    rise, height = measured(page, "measureRise"), building["properties"]["height"]
    check("a roof is as high as its record says", abs(rise - height) < 0.3, f"{rise} against {height}")
    page.keyboard.press("Escape")
    page.click("#tool3d-close")
    check("closing the tool clears the scene", page.locator("#overlay3d .o-measure").count() == 0)


def ground_beside(page, at, metres_per_pixel):
    """A pixel's offset from the middle where no building stands within 4 m, near enough to see past the roofs."""
    for reach in range(30, 220, 10):
        for turn in range(0, 360, 30):
            dx, dy = reach * math.cos(math.radians(turn)), reach * math.sin(math.radians(turn))
            lon = at[0] + dx * metres_per_pixel / (111320 * math.cos(math.radians(at[1])))
            lat = at[1] - dy * metres_per_pixel / 110946
            near = page.request.get(f"{BASE}/query/radius?at={lon:.7f},{lat:.7f}&radius=6&layers=buildings&limit=0").json()
            if near["total"] == 0:
                return [(dx, dy)]
    raise AssertionError("no open ground around the building")


def colouring(page, building, logged, at):
    where = f"center={at[0]:.7f},{at[1]:.7f}"
    if not browser.visit(page, BASE, f"view=3d&lang=zh&theme=light&{where}&zoom=16.6&pitch=50", "the slanted 3D view is ready", logged):
        return
    before = browser.stage(page)
    page.click("[data-tool=colour]")
    check("the colour legend is shown", browser.appears(page, "#colour-legend"))
    page.wait_for_timeout(2500)
    counts = [int(text.replace(",", "")) for text in page.locator("#colour-legend b").all_inner_texts()]
    total = page.request.get(f"{BASE}/collections/buildings/items?limit=1").json()["numberMatched"]
    check("its classes count every building", sum(counts) == total and len(counts) > 2, f"{counts} of {total}")
    after = browser.stage(page)
    changed = sum(ImageStat.Stat(ImageChops.difference(before, after)).mean) / 3
    check("buildings are coloured by height", changed > 6, f"mean difference {changed:.1f}")
    page.select_option("#colour-field", "use")
    page.wait_for_function("document.querySelectorAll('#colour-legend li').length > 4 && document.querySelector('#colour-legend .name').textContent.match(/[一-龥]/)", timeout=20_000)
    page.wait_for_timeout(2500)
    by_use = browser.stage(page)
    changed = sum(ImageStat.Stat(ImageChops.difference(after, by_use)).mean) / 3
    check("buildings are coloured by a text", changed > 6, f"mean difference {changed:.1f}")
    page.select_option("#colour-field", "")
    page.wait_for_timeout(1500)
    changed = sum(ImageStat.Stat(ImageChops.difference(before, browser.stage(page))).mean) / 3
    check("the colours go away", changed < 4, f"mean difference {changed:.1f}")
    page.click("#tool3d-close")


def solar_altitude(moment, lon, lat):
    """Degrees, after Meeus, Astronomical Algorithms, chapter 25, with the equation of time as NOAA's calculator has it."""
    century = ((moment - datetime.datetime(2000, 1, 1, 12, tzinfo=datetime.timezone.utc)).total_seconds() / 86400) / 36525
    mean = math.radians((280.46646 + century * (36000.76983 + century * 0.0003032)) % 360)
    anomaly = math.radians(357.52911 + century * (35999.05029 - 0.0001537 * century))
    round_ = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)
    centre = (math.sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
              + math.sin(2 * anomaly) * (0.019993 - 0.000101 * century) + math.sin(3 * anomaly) * 0.000289)
    node = math.radians(125.04 - 1934.136 * century)
    apparent = mean + math.radians(centre - 0.00569 - 0.00478 * math.sin(node))
    tilt = math.radians(23.439291 - century * 0.0130042 + 0.00256 * math.cos(node))
    declination = math.asin(math.sin(tilt) * math.sin(apparent))
    y = math.tan(tilt / 2) ** 2
    equation = 4 * math.degrees(y * math.sin(2 * mean) - 2 * round_ * math.sin(anomaly) + 4 * round_ * y * math.sin(anomaly) * math.cos(2 * mean)
                                - 0.5 * y * y * math.sin(4 * mean) - 1.25 * round_ * round_ * math.sin(2 * anomaly))
    minutes = moment.hour * 60 + moment.minute + equation + 4 * lon
    hour = math.radians(minutes / 4 - 180)
    phi = math.radians(lat)
    return math.degrees(math.asin(math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(hour)))


def sunlight(page, city):
    plain = browser.stage(page)
    page.click("[data-tool=sun]")
    browser.appears(page, "#sun-words")
    lon, lat = (city["extent"][0] + city["extent"][2]) / 2, (city["extent"][1] + city["extent"][3]) / 2
    pictures = []
    for day, minutes in (("2026-06-21", 720), ("2026-12-21", 540), ("2026-12-21", 930)):
        page.fill("#sun-date", day)
        page.evaluate("m => { const s = document.getElementById('sun-time'); s.value = m; s.dispatchEvent(new Event('input')); }", minutes)
        page.wait_for_timeout(3000)
        moment = datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.timezone.utc) + datetime.timedelta(minutes=minutes - 480)
        seen, right = float(page.get_attribute("#sun-words", "data-altitude")), solar_altitude(moment, lon, lat)
        check(f"the sun of {day} {minutes // 60}:{minutes % 60:02d} is where the almanac has it", abs(seen - right) < 0.03, f"{seen:.3f} against {right:.3f}")
        pictures.append(browser.stage(page))
    shadows = [browser.share(image, "#8c8c85", 24) for image in (plain, pictures[1])]
    moved = sum(ImageStat.Stat(ImageChops.difference(pictures[1], pictures[2])).mean) / 3
    check("a winter morning has shadows that move until the afternoon", moved > 8, f"mean difference {moved:.1f}; grey {shadows}")
    page.evaluate("() => { const s = document.getElementById('sun-time'); s.value = 60; s.dispatchEvent(new Event('input')); }")
    page.wait_for_timeout(1200)
    check("at night the page says so", "地平线" in page.inner_text("#sun-words"), page.inner_text("#sun-words"))
    page.uncheck("#sun-on")
    page.wait_for_timeout(1500)
    back = sum(ImageStat.Stat(ImageChops.difference(plain, browser.stage(page))).mean) / 3
    check("without the sun the scene is as before", back < 4, f"mean difference {back:.1f}")
    page.click("#tool3d-close")


def cutting(page, logged, at):
    where = f"center={at[0]:.7f},{at[1]:.7f}"
    if not browser.visit(page, BASE, f"view=3d&lang=zh&theme=light&{where}&zoom=18&pitch=20", "the view for the cut is ready", logged):
        return
    page.click("[data-tool=cut]")
    page.click("#cut-cutPit")
    page.wait_for_timeout(4000)
    floor = browser.share(browser.stage(page), "#e4dac4", 6)
    check("the pit shows its floor", floor > 0.1, f"{floor:.3f} of the pixels")
    check("the pit's depth is written", "6 m" in page.evaluate("document.querySelector('#overlay3d .o-cut text').textContent"))
    page.evaluate("() => { const s = document.getElementById('cut-deep'); s.value = 12; s.dispatchEvent(new Event('input')); }")
    page.wait_for_timeout(800)
    check("a deeper pit says so", "12 m" in page.evaluate("document.querySelector('#overlay3d .o-cut text').textContent"))
    page.click("#cut-cutKeep")
    page.wait_for_timeout(3000)
    empty = browser.share(browser.stage(page), "#cfdce8", 4)
    check("only the inside of the box is left", 0.2 < empty < 0.98, f"{empty:.3f} of the pixels are background")
    page.click("#cut-cutNone")
    page.wait_for_timeout(2500)
    empty = browser.share(browser.stage(page), "#cfdce8", 4)
    check("the city is whole again", empty < 0.05, f"{empty:.3f} of the pixels are background")
    page.click("#tool3d-close")


def depth(page, city, logged, at):
    lines = [l["id"] for l in city["layers"] if any(f["name"] == "depth_from" for f in l["fields"])]
    near = page.request.get(f"{BASE}/query/radius?at={at[0]},{at[1]}&radius=2000&layers={','.join(lines)}&limit=1").json()
    pipe = next(l["features"][0] for l in near["layers"] if l["features"])
    line = pipe["geometry"]["coordinates"]
    place = [(line[0][i] + line[-1][i]) / 2 for i in (0, 1)]
    if not browser.visit(page, BASE, f"view=underground&lang=zh&theme=light&center={place[0]:.7f},{place[1]:.7f}&zoom=19&pitch=10", "the underground view is ready", logged):
        return
    box = page.locator("#map3d").bounding_box()
    for dx, dy in [(0, 0), (0, 3), (3, 0), (0, -3), (-3, 0), (0, 8), (8, 0), (0, -8), (-8, 0), (14, 0), (0, 14), (-14, 0), (0, -14)]:
        page.mouse.click(box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy)
        page.wait_for_timeout(1500)
        if page.locator("#overlay3d .o-depth text").count():
            break
    if not check("a picked pipe shows its depth in the scene", page.locator("#overlay3d .o-depth text").count() == 1):
        return
    text = page.evaluate("document.querySelector('#overlay3d .o-depth text').textContent")
    layer, _, number = page.evaluate("new URLSearchParams(location.hash.slice(1)).get('select')").partition("/")
    record = page.request.get(f"{BASE}/collections/{layer}/items/{number}").json()["properties"]
    ends = sorted((record["depth_from"], record["depth_to"]))
    shown = float(re.search(r"([\d.]+) m", text)[1])
    check("the depth lies between those of its ends", ends[0] - 0.005 <= shown <= ends[1] + 0.005, f"{text}: {ends}")
    names = page.locator("table.attrs th").all_inner_texts()
    check("its attributes have Chinese names", names and not [n for n in names if re.fullmatch(r"[\x00-\x7f]+", n)], names)


GROUND = """async (places) => {
  const ground = await import('/web/js/ground3d.js');
  const provider = await Cesium.CesiumTerrainProvider.fromUrl('/terrain/mesh/');
  const finest = provider.availability.computeMaximumLevelAtPosition(Cesium.Cartographic.fromDegrees(...places[0]));
  const sampled = await Cesium.sampleTerrain(provider, finest, places.map((p) => Cesium.Cartographic.fromDegrees(...p)));
  return { finest, heights: sampled.map((p) => p.height), scene: places.map((p) => ground.height(p)) };
}"""


def terrain(page, city, logged, building, at):
    """The ground of the scene is the server's terrain: its meshes in the browser say what the API says, and a building stands on them."""
    if not check("the city has terrain", city.get("terrain")):
        return
    where = f"center={at[0]:.7f},{at[1]:.7f}"
    if not browser.visit(page, BASE, f"view=3d&lang=zh&theme=light&{where}&zoom=17.5&pitch=60", "the scene with terrain is ready", logged):
        return
    description = page.request.get(f"{BASE}/terrain/mesh/layer.json").json()
    up = description["geoid_separation"] or 0
    seed = random.randrange(1 << 30)
    rand = random.Random(seed)
    # The finest meshes are about as dense as the raster: between their vertices both are interpolated, but not alike.
    w, s, e, n = city["terrain"]["extent"]
    cell = 180 / (1 << description["maxzoom"]) / 64
    places = [[(math.floor(((w + (e - w) * rand.uniform(0.1, 0.9)) + 180) / cell)) * cell - 180,
               (math.floor(((s + (n - s) * rand.uniform(0.1, 0.9)) + 90) / cell)) * cell - 90] for _ in range(40)]
    found = page.evaluate(GROUND, [[round(v, 9) for v in p] for p in places + [at]])
    right = [page.request.get(f"{BASE}/elevation?at={x:.9f},{y:.9f}").json()["elevation"] for x, y in places]
    # A vertex is placed within half of 1/32767 of its tile, and its height within half of 1/64 m.
    wrong = [abs(a - up - b) for a, b in zip(found["heights"], right)]
    check("vertices of the ground in the browser have the API's heights", max(wrong) <= 0.02, f"{max(wrong):.3f} m, seed {seed}")
    check("the ground is not flat", max(right) - min(right) > 1, f"{min(right)} to {max(right)} m")
    shown, here = found["scene"][-1] - up, page.request.get(f"{BASE}/elevation?at={at[0]:.7f},{at[1]:.7f}").json()["elevation"]
    check("the scene stands on it", abs(shown - here) < 0.5, f"{shown:.2f} against {here:.2f}")
    base = building["properties"].get("ground")
    check("the building's ground is the terrain's", base is None or abs(base - here) < 3, f"{base} against {here:.2f}")
    image = browser.stage(page)
    check("the map lies on the ground", len(image.getcolors(maxcolors=image.width * image.height)) > 400)
    black = browser.share(image, "#101010", 24)
    check("no wall is black", black < 0.01, f"{black:.3f} of the pixels")


def all_tools():
    with browser.opened(BASE) as (page, logged):
        city, building, at = city_place(page)
        page.goto(f"{BASE}/web/icon.svg")
        geodesy(page)
        terrain(page, city, logged, building, at)
        measuring(page, logged, building, at)
        colouring(page, building, logged, at)
        sunlight(page, city)
        cutting(page, logged, at)
        depth(page, city, logged, at)


if __name__ == "__main__":
    main(all_tools)
