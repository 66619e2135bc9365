# SPDX-License-Identifier: Apache-2.0
"""The planner's tools of the page in a real headless Chromium: search, attribute table, swipe comparison, printing."""

import csv
import datetime
import io
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

from PIL import Image, ImageChops, ImageStat

import browser
from harness import check, main, required, skip

BASE = required("E2E_BASE")


def ask(page, question):
    return page.request.post(f"{BASE}/query", data=json.dumps(question)).json()


def searching(page):
    """A school by a part of its Chinese name, a parcel by a part of its code, the keyboard, and nothing found."""
    name = ask(page, {"layers": ["schools"], "limit": 1})["layers"][0]["features"][0]
    part = name["properties"]["name"][:4]
    page.fill("#search", part)
    page.wait_for_selector("#search-list [role=option]", timeout=10_000)
    listed = page.locator("#search-list .t").all_inner_texts()
    check("a part of a Chinese name lists features", any(part in text for text in listed), f"{part}: {listed}")
    page.fill("#search", name["properties"]["name"])
    page.wait_for_function("text => document.querySelector('#search-list .t')?.textContent === text", arg=name["properties"]["name"], timeout=10_000)
    page.press("#search", "ArrowDown")
    check("an arrow key marks a result", page.locator("#search-list [aria-selected=true]").count() == 1)
    page.press("#search", "Enter")
    page.wait_for_selector("#feature-id", timeout=10_000)
    page.wait_for_timeout(1500)
    check("Enter shows the marked feature", page.inner_text("#feature-id") == str(name["id"]), page.inner_text("#feature-id"))
    near = page.evaluate("import('/web/js/map2d.js').then(m => m.view().center)")
    at = name["geometry"]["coordinates"]
    check("the map went there", abs(near[0] - at[0]) < 1e-3 and abs(near[1] - at[1]) < 1e-3, f"{near} {at}")
    parcel = ask(page, {"layers": ["parcels"], "limit": 1, "filter": {"op": ">", "args": [{"property": "area"}, 3000]}})["layers"][0]["features"][0]
    page.fill("#search", parcel["properties"]["code"][-10:].lower())
    page.wait_for_function("code => document.querySelector('#search-list')?.textContent.includes(code)", arg=parcel["properties"]["code"], timeout=10_000)
    page.locator("#search-list [role=option]").first.dispatch_event("mousedown")
    page.wait_for_timeout(1500)
    check("a part of a code finds the parcel", page.inner_text("#feature-id") == str(parcel["id"]))
    page.fill("#search", f"宗地 {parcel['id'] + 1}")
    page.wait_for_function("id => document.querySelector('#search-list .t')?.textContent.endsWith(id)", arg=f"宗地 {parcel['id'] + 1}", timeout=10_000)
    page.locator("#search-list [role=option]").first.dispatch_event("mousedown")
    page.wait_for_timeout(1500)
    check("a layer and a number find the parcel", page.inner_text("#feature-id") == str(parcel["id"] + 1))
    page.fill("#search", "没有这个名字的地方")
    page.wait_for_selector("#search-list .note", timeout=10_000)
    check("nothing found is said", "没有找到" in page.inner_text("#search-list"))
    page.press("#search", "Escape")
    check("Escape closes the list", not page.is_visible("#search-list"))
    page.fill("#search", "")


def tabling(page):
    """Filter, pages, a row's feature, and the files: all agree with the server."""
    page.click("#open-table")
    page.select_option("#table-layer", "parcels")
    page.select_option("#table-field", "area")
    page.select_option("#table-sign", ">")
    page.fill("#table-value", "9000")
    page.click("#table-add")
    where = {"op": ">", "args": [{"property": "area"}, 9000]}
    right = ask(page, {"layers": ["parcels"], "filter": where, "output": "counts"})["total"]
    page.wait_for_function("n => document.getElementById('table-total')?.dataset.total === String(n)", arg=right, timeout=10_000)
    check("the filter leaves what the server counts", 50 < right, right)
    seen = []
    for _ in range(3):
        seen += [int(v) for v in page.eval_on_selector_all("tr[data-feature]", "rows => rows.map(r => r.dataset.feature)")]
        if not page.is_enabled("#table-next"):
            break
        page.click("#table-next")
        page.wait_for_timeout(700)
    ids = [f["id"] for f in ask(page, {"layers": ["parcels"], "filter": where, "output": "ids", "order": "id", "limit": 150})["layers"][0]["features"]]
    check("pages repeat and skip nothing", seen == ids[:len(seen)] and len(seen) > 50, f"{len(seen)} rows")
    page.select_option("#table-field", "land_use_name")
    page.select_option("#table-sign", "has")
    page.fill("#table-value", "住宅")
    page.press("#table-value", "Enter")
    both = {"op": "and", "args": [where, {"op": "like", "args": [{"property": "land_use_name"}, "%住宅%"]}]}
    right = ask(page, {"layers": ["parcels"], "filter": both, "output": "counts"})["total"]
    page.wait_for_function("n => document.getElementById('table-total')?.dataset.total === String(n)", arg=right, timeout=10_000)
    check("two conditions hold together", page.locator("[data-condition]").count() == 2 and right > 0, right)
    with page.expect_download() as waiting:
        page.click("#table-csv")
    rows = list(csv.reader(io.StringIO(pathlib.Path(waiting.value.path()).read_text("utf-8-sig"))))
    check("the CSV holds every row", len(rows) == right + 1 and rows[0][0] == "id", f"{len(rows)} lines for {right}")
    with page.expect_download() as waiting:
        page.click("#table-geojson")
    saved = json.loads(pathlib.Path(waiting.value.path()).read_text("utf-8"))
    check("the GeoJSON holds every feature", len(saved["features"]) == right and saved["features"][0]["geometry"])
    page.locator("tr[data-feature]").first.click()
    page.wait_for_timeout(1500)
    check("a row shows its feature", page.inner_text("#feature-id") == page.locator("tr[data-feature]").first.get_attribute("data-feature"))
    page.click("[data-tint=area]")
    page.wait_for_function(browser.READY, timeout=60_000)
    check("a column colours the map", page.locator("#legend2d li").count() >= 3)
    legend, dock = page.locator("#legend2d").bounding_box(), page.locator("#dock").bounding_box()
    check("table and legend do not overlap", legend["y"] + legend["height"] <= dock["y"], f"{legend} {dock}")
    check("the address holds the table", "table=parcels" in page.evaluate("location.hash"))
    page.click("#table-close")
    page.wait_for_timeout(300)
    check("the table closes", not page.is_visible("#dock"))


def swiping(page, logged):
    """Two plans: left and right of the line are pictures of different layers, and the line moves between them."""
    plan = ask(page, {"layers": ["landuse_plan"], "limit": 1, "filter": {"op": ">", "args": [{"property": "area"}, 5000]}})["layers"][0]["features"][0]
    at = browser.middle(plan["geometry"])
    if not browser.visit(page, BASE, f"view=2d&lang=zh&theme=light&center={at[0]:.6f},{at[1]:.6f}&zoom=15.5&swipe=landuse_plan,eco_redline", "the comparison is ready", logged):
        return
    both = browser.stage(page, left=20, top=120)
    page.evaluate("() => { const s = document.getElementById('swipe-range'); s.value = 100; s.dispatchEvent(new Event('input')); }")
    page.wait_for_timeout(800)
    left = browser.stage(page, left=20, top=120)
    page.evaluate("() => { const s = document.getElementById('swipe-range'); s.value = 0; s.dispatchEvent(new Event('input')); }")
    page.wait_for_timeout(800)
    right = browser.stage(page, left=20, top=120)

    def unlike(one, other, box):
        return sum(ImageStat.Stat(ImageChops.difference(one.crop(box), other.crop(box))).mean) / 3

    width, height = both.size
    halves = (0, 0, width // 2 - 40, height), (width // 2 + 60, 0, width, height)
    check("the two plans differ", unlike(left, right, (0, 0, width, height)) > 5, unlike(left, right, (0, 0, width, height)))
    check("left of the line is the left plan", unlike(both, left, halves[0]) < 2, unlike(both, left, halves[0]))
    check("right of the line is the right plan", unlike(both, right, halves[1]) < 2, unlike(both, right, halves[1]))
    page.evaluate("() => { const s = document.getElementById('swipe-range'); s.value = 50; s.dispatchEvent(new Event('input')); }")
    page.click("#zoom-in")
    page.wait_for_timeout(1500)
    page.select_option("#swipe-1", "landuse_plan")
    page.wait_for_timeout(2500)
    same = browser.stage(page, left=20, top=120)
    page.click("#swipe-close")
    page.wait_for_timeout(2000)
    check("the comparison ends", page.locator("#swipe-map").count() == 0 and "swipe=" not in page.evaluate("location.hash"))
    check("the maps moved together", same.size == both.size and len(same.getcolors(1 << 22)) > 3)


def moments(page, logged):
    """A plan at a moment beside the plan of now: the left map's tiles of that plan, and no others, are those of the moment."""
    plan = ask(page, {"layers": ["landuse_plan"], "limit": 1})["layers"][0]["features"][0]
    at = browser.middle(plan["geometry"])
    answers = []
    page.on("response", lambda r: answers.append((r.url, r.status)) if "version=" in r.url and "/tiles/" in r.url else None)
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not browser.visit(page, BASE, f"view=2d&lang=zh&theme=light&center={at[0]:.6f},{at[1]:.6f}&zoom=15.5&swipe=landuse_plan@{moment},landuse_plan", "the comparison of moments is ready", logged):
        return
    check("tiles of the moment are asked and given", answers and all(status < 400 for _, status in answers), answers[:3])
    check("only those of the plan", all("/tiles/landuse_plan/" in url for url, _ in answers), answers[:3])
    check("the left side says its moment", page.input_value("#swipe-at-0") != "" and page.input_value("#swipe-at-1") == "")
    asked = len(answers)
    page.fill("#swipe-at-1", page.input_value("#swipe-at-0"))
    page.press("#swipe-at-1", "Tab")
    page.wait_for_timeout(2500)
    check("the right side takes a moment too", len(answers) > asked and "%40" in page.evaluate("location.hash").split("swipe=")[1].split(",")[1])
    page.click("#swipe-close")
    page.wait_for_timeout(1000)


def printing(page, logged):
    """The sheet has title, true scale, north arrow and source, and its PDF one page of A4."""
    city = page.request.get(f"{BASE}/city.json").json()
    w, s, e, n = city["extent"]
    if not browser.visit(page, BASE, f"view=2d&lang=zh&theme=light&center={(w + e) / 2:.6f},{(s + n) / 2:.6f}&zoom=15&bearing=30", "the map to print is ready", logged):
        return
    page.evaluate("() => { window.print = () => { document.body.dataset.printed = '1'; }; }")
    page.click("#open-print")
    page.fill("#print-title", "中心城区用地现状图")
    page.fill("#print-note", "规划科 制图")
    page.select_option("#print-scale", "5000")
    page.click("#print-run")
    page.wait_for_function("document.body.dataset.printed === '1'", timeout=90_000)
    page.emulate_media(media="print")
    text = page.inner_text("#print-sheet")
    check("the sheet has title, source, system and note", all(word in text for word in ("中心城区用地现状图", "资料来源", "自然资源和规划局", city["crs"], "规划科 制图")), text)
    check("the sheet states its scale", "1:5,000" in text and abs(float(page.get_attribute(".print-scale", "data-ratio")) - 5000) < 1, text)
    bar = page.locator(".print-bar").bounding_box()["width"] / 96 * 0.0254 * 5000
    said = float(re.search(r"([\d.,]+) m\s*$", page.inner_text(".print-bar-words").strip())[1].replace(",", ""))
    check("the scale bar is as long as it says", abs(bar / said - 1) < 0.01, f"{bar:.1f} m drawn, {said} m said")
    turn = page.get_attribute(".print-north path", "transform")
    check("the north arrow follows the bearing", turn.startswith("rotate(-30"), turn)
    check("nothing else is printed", not page.is_visible("#topbar") and not page.is_visible("#left"))
    if not shutil.which("pdftoppm"):
        skip("the PDF is one page with a picture", "pdftoppm is not installed (poppler-utils)")
        return
    with tempfile.TemporaryDirectory() as folder:
        page.pdf(path=f"{folder}/sheet.pdf", prefer_css_page_size=True, print_background=True)
        subprocess.run(["pdftoppm", "-r", "72", "-png", f"{folder}/sheet.pdf", f"{folder}/sheet"], check=True)
        pages = sorted(pathlib.Path(folder).glob("sheet*.png"))
        image = Image.open(pages[0]).convert("RGB")
        check("the PDF is one page of A4 across", len(pages) == 1 and abs(image.width - 842) < 3 and abs(image.height - 595) < 3, f"{len(pages)} pages of {image.size}")
        colours = len(image.crop((60, 90, image.width - 60, image.height - 120)).getcolors(1 << 22))
        check("the PDF has the map", colours > 200, f"{colours} colours")
    page.emulate_media(media="screen")


def rendered(page, layer):
    return page.evaluate("id => import('/web/js/map2d.js').then(m => m.rendered(id).length)", layer)


def execute(page, process, inputs):
    return page.request.post(f"{BASE}/processes/{process}/execution", data=json.dumps({"inputs": inputs})).json()


def choose_plans(page):
    """Opens the panel of plan conflicts with the two plans that the checks compare."""
    page.click("[data-plan=plan-conflict]")
    browser.appears(page, "[data-layer-chip=landuse_plan]")
    for chip in page.locator("[data-input=layers] [data-layer-chip]").all():
        wanted = chip.get_attribute("data-layer-chip") in ("landuse_plan", "control_plan")
        if (chip.get_attribute("aria-pressed") == "true") != wanted:
            chip.click()


def analysing(page, logged):
    """A parcel report of a picked parcel and the conflicts of two plans in view: page and API say the same."""
    parcel = ask(page, {"layers": ["parcels"], "limit": 1, "filter": {"op": ">", "args": [{"property": "area"}, 8000]}})["layers"][0]["features"][0]
    at = browser.middle(parcel["geometry"])
    if not browser.visit(page, BASE, f"view=2d&lang=zh&theme=light&center={at[0]:.7f},{at[1]:.7f}&zoom=17&tab=plan&layers=parcels", "the planner's map is ready", logged):
        return
    if not check("the analyses are listed", browser.appears(page, "[data-plan=parcel-report]")):
        return
    page.click("[data-plan=parcel-report]")
    browser.appears(page, "[data-pick]")
    page.click("#plan-run")
    check("a missing input is named", "地块" in page.inner_text("#panel-plan .problem"))
    page.click("[data-pick]")
    box = page.locator("#map2d").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(1500)
    check("a click chooses the parcel", "宗地" in page.inner_text(".chosen"), page.inner_text(".chosen"))
    page.click("#plan-run")
    if check("the report comes", browser.appears(page, "#plan-result [data-fact=area]", 60)):
        right = execute(page, "parcel-report", {"parcel": {"layer": "parcels", "id": parcel["id"]}})
        shown = float(re.match(r"[\d.,]+", page.inner_text("#plan-result [data-fact=area]"))[0].replace(",", ""))
        check("its area is the API's", abs(shown - right["parcel"]["area"]) < 0.006, f"{shown} {right['parcel']['area']}")
        touched = [l["layer"] for l in right["layers"] if l["count"]]
        check("every layer that it touches is listed", page.locator("#plan-result [data-section]").count() == len(touched), touched)
        page.wait_for_timeout(800)
        check("the parcel is on the map", rendered(page, "twin-result-fill") >= 1)
    somewhere = execute(page, "plan-conflict", {"layers": ["landuse_plan", "control_plan"], "limit": 1})["features"]
    if somewhere:
        at = browser.middle(somewhere[0]["geometry"])
        if not browser.visit(page, BASE, f"view=2d&lang=zh&theme=light&center={at[0]:.7f},{at[1]:.7f}&zoom=16&tab=plan", "the map with a conflict is ready", logged):
            return
        browser.appears(page, "[data-plan=plan-conflict]")
    choose_plans(page)
    page.locator("[data-input=region] button").last.click()
    west, south, east, north = page.evaluate("import('/web/js/map2d.js').then(m => m.box())")
    region = {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}
    page.click("#plan-run")
    if check("the conflicts come", browser.appears(page, "#result-table", 120)):
        right = execute(page, "plan-conflict", {"layers": ["landuse_plan", "control_plan"], "region": region})
        rows = page.locator("[data-result]").count()
        check("the table has every conflict", rows == min(200, len(right["features"])), f"{rows} of {len(right['features'])}")
        check("the number of conflicts is the API's", page.inner_text("#plan-result [data-fact=conflicts]") == str(right["summary"]["conflicts"]))
        page.wait_for_timeout(800)
        if right["features"]:
            check("the conflicts are on the map", rendered(page, "twin-result-fill") >= 1)
            with page.expect_download() as waiting:
                page.click("#result-csv")
            lines = list(csv.reader(io.StringIO(pathlib.Path(waiting.value.path()).read_text("utf-8-sig"))))
            check("the CSV has every conflict", len(lines) == len(right["features"]) + 1, len(lines))
            page.locator("[data-result]").first.click()
            page.wait_for_timeout(1500)
            check("a row lights up its polygon", rendered(page, "twin-selected-fill") >= 1)
    page.click("#plan-clear")


def editing(page, logged):
    """A conflict table and criteria are filled in as rows; what runs is what the rows say."""
    if not browser.visit(page, BASE, "view=2d&lang=zh&theme=light&tab=plan", "the planner's map is ready again", logged):
        return
    browser.appears(page, "[data-plan=plan-conflict]")
    choose_plans(page)
    page.locator(".inputs details > summary").first.click()
    table = page.locator("[data-input=table]")
    table.locator("[data-edit=default]").select_option("none")
    table.locator("[data-add=conflicts]").click()
    table.locator("[data-edit=conflicts-0]").fill("0701")
    table.locator("[data-edit=conflicts-1]").fill("1001")
    table.locator("[data-add=conflicts]").click()
    table.locator("[data-edit=conflicts-0]").nth(1).fill("0701")
    table.locator("[data-edit=conflicts-1]").nth(1).fill("0901")
    table.locator("[data-list=conflicts] .edit-item > .icon-btn").first.click()
    table.locator(".as-json > summary").click()
    page.wait_for_timeout(300)
    rules = {"default": "none", "conflicts": [["0701", "0901"]]}
    check("the rows are the JSON of the table", json.loads(table.locator("textarea").input_value()) == rules, table.locator("textarea").input_value())
    page.click("#plan-run")
    if check("the conflicts of the table come", browser.appears(page, "#plan-result [data-fact=conflicts]", 120)):
        right = execute(page, "plan-conflict", {"layers": ["landuse_plan", "control_plan"], "table": rules})
        check("their number is the API's", page.inner_text("#plan-result [data-fact=conflicts]") == str(right["summary"]["conflicts"]) != "0")
    page.click("[data-plan=site-selection]")
    browser.appears(page, "#input-candidates")
    page.select_option("#input-candidates", "landuse_plan")
    page.click("[data-add=criteria]")
    criteria = page.locator("[data-input=criteria]")
    criteria.locator("[data-edit=measure]").select_option(label="距离")
    criteria.locator("[data-edit=layer]").select_option("schools")
    for name, value in (("worst", "2000"), ("best", "200"), ("weight", "2")):
        criteria.locator(f"[data-edit={name}]").fill(value)
    page.click("#plan-run")
    if check("the ranked sites come", browser.appears(page, "[data-result]", 120)):
        right = execute(page, "site-selection", {"candidates": "landuse_plan", "criteria": [{"measure": "distance", "layer": "schools", "worst": 2000, "best": 200, "weight": 2}]})
        first = page.locator("[data-result]").first.inner_text()
        check("the best one is the API's", right["features"][0]["properties"]["code"] in first, first)
    else:
        check("the panel says why", False, page.inner_text("#panel-plan")[-300:])


def sectioning(page, logged):
    """A line drawn across a pipe: chart, table and map know the pipe, cover and clearance are the API's."""
    city = page.request.get(f"{BASE}/city.json").json()
    lines = [l["id"] for l in city["layers"] if any(f["name"] == "depth_from" for f in l["fields"])]
    found = ask(page, {"layers": lines[:1], "limit": 50})["layers"][0]["features"]
    pipe = max(found, key=lambda f: sum(abs(f["geometry"]["coordinates"][0][i] - f["geometry"]["coordinates"][-1][i]) for i in (0, 1)))
    first, last = pipe["geometry"]["coordinates"][0], pipe["geometry"]["coordinates"][-1]
    at = [(first[i] + last[i]) / 2 for i in (0, 1)]
    if not browser.visit(page, BASE, f"view=2d&lang=zh&theme=light&center={at[0]:.7f},{at[1]:.7f}&zoom=18.5&tab=plan", "the map for the section is ready", logged):
        return
    browser.appears(page, "[data-plan=section]")
    page.click("[data-plan=section]")
    page.click("#section-draw")
    box = page.locator("#map2d").bounding_box()
    cx, cy = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    along = [(last[0] - first[0]) * 0.8, -(last[1] - first[1])]
    size = (along[0] ** 2 + along[1] ** 2) ** 0.5
    across = [-along[1] / size, along[0] / size]
    page.mouse.click(cx - 120 * across[0], cy - 120 * across[1])
    page.mouse.move(cx, cy)
    page.mouse.dblclick(cx + 120 * across[0], cy + 120 * across[1])
    if not check("the section is drawn", browser.appears(page, "svg.section-cross"), page.inner_text("#panel-plan")):
        return
    key = f"{lines[0]}/{pipe['id']}"
    check("chart and table show the pipe", page.locator(f"svg [data-pipe='{key}']").count() >= 1 and page.locator(f"tr[data-pipe='{key}']").count() >= 1, key)
    count = int(page.get_attribute("#section-total", "data-crossings"))
    check("every crossing is a row", page.locator("#section-table tbody tr").count() == count and count >= 1)
    page.hover(f"tr[data-pipe='{key}']")
    page.wait_for_timeout(1500)
    check("what is pointed at lights up on the map", rendered(page, "twin-selected-line") >= 1)
    check("and in the chart", page.locator(f"svg [data-pipe='{key}'].section-on").count() == 1)
    text = page.inner_text(f"tr[data-pipe='{key}'] >> td >> nth=3")
    depths = sorted((pipe["properties"]["depth_from"], pipe["properties"]["depth_to"]))
    check("the cover is that of the record's depths", re.match(r"[\d.]+$", text) and float(text) <= depths[1] + 0.05, f"{text}: {depths}")
    with page.expect_download() as waiting:
        page.click("#section-csv")
    check("the section's CSV has its rows", len(pathlib.Path(waiting.value.path()).read_text("utf-8-sig").splitlines()) == count + 1)


def inventory(page):
    city = page.request.get(f"{BASE}/city.json").json()
    page.click("#tab-plan")
    page.click("#plan-inventory")
    total = int(page.get_attribute("#inventory-total", "data-total"))
    check("the inventory counts every feature", total == sum(l["count"] for l in city["layers"]), total)
    page.click("#inventory-department")
    shown = page.eval_on_selector_all("#inventory [data-group]", "groups => groups.map(g => g.dataset.group)")
    check("it is grouped by department", set(l["department"] for l in city["layers"]) <= set(shown), shown)


def desk():
    with browser.opened(BASE) as (page, logged):
        served = page.request.get(f"{BASE}/api").json()["paths"]
        if browser.visit(page, BASE, "view=2d&lang=zh&theme=light", "the map is ready", logged):
            if "/search" in served:
                searching(page)
            else:
                skip("search", "the server has no /search")
            tabling(page)
        swiping(page, logged)
        parameters = served["/tiles/{tileset}/{z}/{x}/{y}.mvt"]["get"]["parameters"]
        if any(p.get("name") == "version" for p in parameters):
            moments(page, logged)
        else:
            skip("swipe of moments", "tiles have no past")
        printing(page, logged)
        for route, part in (("/processes", analysing), ("/processes", editing), ("/query/section", sectioning)):
            if route in served:
                part(page, logged)
            else:
                skip(part.__name__, f"the server has no {route}")
        inventory(page)


if __name__ == "__main__":
    main(desk)
