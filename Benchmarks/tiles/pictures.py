# SPDX-License-Identifier: Apache-2.0
"""Pictures of tile archives side by side at some zooms, drawn by MapLibre in a headless Chromium.

    Benchmarks/tiles/pictures.py TWIN STORE FOLDER LON LAT ARCHIVE [ARCHIVE ...]

Writes FOLDER/tiles-zZ.png for zooms 8, 11 and 14, archives from left to right. Needs playwright and pillow
(scripts/shots makes .venv-web with them) and scripts/setup-web.
"""

import io
import pathlib
import sys

from PIL import Image
from playwright.sync_api import sync_playwright

import server

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
SIDE = 512
PAGE = """<!doctype html><link rel="stylesheet" href="/vendor/maplibre/maplibre-gl.css">
<style>html, body, #map { margin: 0; height: 100%% }</style><div id="map"></div>
<script src="/vendor/maplibre/maplibre-gl.js"></script><script>
const map = new maplibregl.Map({container: 'map', center: [%f, %f], zoom: %f, fadeDuration: 0,
  attributionControl: false, style: {version: 8, sources: {a: {type: 'vector',
  tiles: [location.origin + '/tiles/%s/{z}/{x}/{y}'], maxzoom: 14}},
  layers: [{id: 'b', type: 'background', paint: {'background-color': '#ffffff'}},
    {id: 'f', type: 'fill', source: 'a', 'source-layer': 'buildings', paint: {'fill-color': '#1b3a57'}}]}});
map.on('idle', () => { window.drawn = true });
</script>"""


def main():
    binary, store, folder, lon, lat, *archives = sys.argv[1:]
    arguments = [word for archive in archives for word in ("--archive", archive)]
    with server.twin(binary, store, "--vendor", ROOT / "vendor/web", *arguments) as (port, _), \
            sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, chromium_sandbox=False,
                                             args=FLAGS)
        for zoom in (8, 11, 14):
            whole = Image.new("RGB", (len(archives) * (SIDE + 8) - 8, SIDE), "#c03020")
            for index, archive in enumerate(archives):
                page = browser.new_page(viewport={"width": SIDE, "height": SIDE})
                body = PAGE % (float(lon), float(lat), zoom, pathlib.Path(archive).stem)
                page.route("**/map.html", lambda route, _, body=body: route.fulfill(
                    content_type="text/html", body=body))
                page.goto(f"http://127.0.0.1:{port}/map.html")
                page.wait_for_function("window.drawn === true", timeout=120_000)
                whole.paste(Image.open(io.BytesIO(page.screenshot())).convert("RGB"), (index * (SIDE + 8), 0))
                page.close()
            path = pathlib.Path(folder, f"tiles-z{zoom}.png")
            whole.quantize(64).save(path, optimize=True)
            print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
