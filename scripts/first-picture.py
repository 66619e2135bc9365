# SPDX-License-Identifier: Apache-2.0
"""How long a browser takes to the first picture of the 3D city, and to the complete one.

    .venv-web/bin/python scripts/first-picture.py BASE_URL [--runs 3] [--size 1280x800]

Each run opens the page's 3D view over the middle of the built-up city in a fresh headless Chromium with software
rendering. Times are from the start of the navigation: the first frame with a tile of the city, and the frame with
every tile that the view needs. Also: requests for tile contents and their bytes over the wire.
"""

import argparse
import json
import statistics
import urllib.request

from playwright.sync_api import sync_playwright

from shots import FLAGS, READY, dense_place

MARKS = "name => { const all = performance.getEntriesByName(name); return all.length ? all[0].startTime / 1000 : null; }"


def run(playwright, base, place, size):
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, chromium_sandbox=False, args=FLAGS)
    page = browser.new_page(viewport=size, reduced_motion="reduce")
    contents = []
    page.on("requestfinished", lambda r: contents.append(r) if ".glb" in r.url else None)
    page.goto(f"{base}/#view=3d&lang=zh&theme=light&center={place[0]:.6f},{place[1]:.6f}&zoom=16&pitch=60")
    page.wait_for_function(READY, timeout=180_000)
    first, complete = (page.evaluate(MARKS, name) for name in ("twin:3d-first", "twin:3d-complete"))
    sent = sum(r.sizes()["responseBodySize"] for r in contents)
    browser.close()
    return first, complete, len(contents), sent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--size", default="1280x800")
    options = parser.parse_args()
    base = options.base.rstrip("/")
    width, height = (int(v) for v in options.size.split("x"))
    with urllib.request.urlopen(f"{base}/city.json", timeout=60) as response:
        city = json.load(response)
    place = dense_place(base, city)
    count = sum(m["count"] for m in city["models"] if m["kind"] == "buildings")
    with sync_playwright() as playwright:
        runs = [run(playwright, base, place, {"width": width, "height": height}) for _ in range(options.runs)]
    print(f"{count} buildings at {place[0]:.5f},{place[1]:.5f}")
    for index, name in enumerate(("first picture", "complete picture")):
        values = [r[index] for r in runs]
        print(f"{name}: min {min(values):.2f} s, median {statistics.median(values):.2f} s of {len(values)} runs")
    print(f"tile contents: {runs[-1][2]} requests, {runs[-1][3] / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
