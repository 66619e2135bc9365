# SPDX-License-Identifier: Apache-2.0
"""What the tests of the page share: a headless Chromium with software rendering, waiting, and looking at pixels."""

import contextlib
import io
import urllib.parse

from PIL import Image
from playwright.sync_api import Error, sync_playwright

from harness import check

FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
READY = "document.body.dataset.ready === '1'"


@contextlib.contextmanager
def opened(base, width=1280, height=800):
    """A page with what it logged, the hosts it asked besides its own, and the downloads' folder of its own."""
    host = urllib.parse.urlsplit(base).netloc
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, chromium_sandbox=False, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce", accept_downloads=True)
        logged, foreign = [], []
        page.on("console", lambda m: logged.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: logged.append(str(e)))
        page.on("request", lambda r: foreign.append(r.url)
                if r.url.startswith(("http", "ws")) and urllib.parse.urlsplit(r.url).netloc != host else None)
        yield page, logged
        logged += page.evaluate("window.__errors || []")
        check("no console errors", not logged, logged[:5])
        check("no request left the host", not foreign, foreign[:5])
        browser.close()


def wait_ready(page, name, logged):
    try:
        page.wait_for_function(READY, timeout=120_000)
        return check(name, True)
    except Error:
        return check(name, False, f"not ready; console: {logged}; page: {page.evaluate('window.__errors')}")


def visit(page, base, hashed, name, logged):
    page.goto("about:blank")
    page.goto(f"{base}/#{hashed}")
    return wait_ready(page, name, logged)


def appears(page, selector, seconds=20):
    """Whether an element appears."""
    try:
        page.wait_for_selector(selector, timeout=seconds * 1000)
        return True
    except Error:
        return False


def picture(page, box):
    """The pixels of a box {x, y, width, height} in CSS pixels."""
    image = Image.open(io.BytesIO(page.screenshot(timeout=120_000))).convert("RGB")
    return image.crop((int(box["x"]), int(box["y"]), int(box["x"] + box["width"]), int(box["y"] + box["height"])))


def stage(page, left=300, top=60, right=60, bottom=20):
    """The pixels of the map without its tools and legends."""
    box = page.locator("#stage").bounding_box()
    return picture(page, {"x": box["x"] + left, "y": box["y"] + top, "width": box["width"] - left - right, "height": box["height"] - top - bottom})


def share(image, colour, reach=10):
    """The share of pixels within `reach` of a colour."""
    want = tuple(int(colour[i:i + 2], 16) for i in (1, 3, 5))
    near = sum(count for count, pixel in image.getcolors(maxcolors=image.width * image.height)
               if max(abs(a - b) for a, b in zip(pixel, want)) <= reach)
    return near / (image.width * image.height)


def middle(geometry):
    """The middle of a geometry's first ring or line."""
    ring = geometry["coordinates"]
    while isinstance(ring[0][0], list):
        ring = ring[0]
    return [sum(p[0] for p in ring) / len(ring), sum(p[1] for p in ring) / len(ring)]
