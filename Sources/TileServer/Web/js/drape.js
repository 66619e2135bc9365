// SPDX-License-Identifier: Apache-2.0
// The city's own 2D map as the globe's ground, sharp at every height: an imagery provider for Cesium whose tiles are
// drawn by a hidden MapLibre map. One drawing covers SPAN x SPAN tiles: what a drawing costs is mostly waiting, not pixels.
// Nothing is requested from elsewhere.

import { transformRequest } from "./api.js";
import { state } from "./state.js";

const TILE = 512; // pixels of a tile; told to Cesium as 256, which makes it choose twice as fine a level
const SPAN = 4;
const FINEST = 18;
const PARTIAL = 1000; // milliseconds between pictures of a drawing that is not complete: each costs as much as the last one
const KEEP = 8; // drawings kept: a tile asked for again costs nothing

const fraction = {
  x: (lon) => (lon + 180) / 360,
  y: (lat) => (1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2,
  lon: (x) => x * 360 - 180,
  lat: (y) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI,
};

/** The layers that lie on the ground: no text, nothing raised, no overlay; what the page shows now. */
function grounded(base) {
  const layers = base.layers.filter((layer) => ["background", "fill", "line"].includes(layer.type)).flatMap((layer) => {
    const id = layer.metadata && layer.metadata["twin:layer"];
    if (!id) return [layer];
    return state.layers.has(id) ? [{ ...layer, layout: { ...layer.layout, visibility: "visible" } }] : [];
  });
  return { ...base, layers };
}

class Drawer {
  #map;
  #element;
  #queue = Promise.resolve();
  #drawn = new Map();
  #redraw;
  #pace;
  #waiting = 0;
  closed = false;

  constructor(base, redraw, pace) {
    this.#redraw = redraw;
    this.#pace = pace;
    const size = TILE * SPAN;
    this.#element = document.createElement("div");
    this.#element.style.cssText = `position:absolute;left:-${4 * size}px;top:0;width:${size}px;height:${size}px`;
    document.body.append(this.#element);
    this.#map = new maplibregl.Map({
      container: this.#element, style: grounded(base), center: [0, 0], zoom: 10, interactive: false, fadeDuration: 0,
      attributionControl: false, pixelRatio: 1, canvasContextAttributes: { preserveDrawingBuffer: true, antialias: false }, transformRequest,
      maxPitch: 0, renderWorldCopies: false,
    });
    this.#map.on("error", () => {}); // the visible map reports tile errors
    const repaint = this.#map.triggerRepaint.bind(this.#map);
    let timer = 0;
    this.#map.triggerRepaint = () => {
      const whole = this.#map.areTilesLoaded();
      if (timer && !whole) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        timer = 0;
        if (!this.closed) repaint();
      }, whole ? 0 : PARTIAL);
    };
  }

  /** One tile as a canvas. */
  async tile(x, y, level) {
    const [left, top] = [Math.floor(x / SPAN), Math.floor(y / SPAN)];
    const key = `${level}/${left}/${top}`;
    let drawing = this.#drawn.get(key);
    if (!drawing) {
      this.#waiting += 1;
      this.#pace(true);
      drawing = this.#queue.then(() => this.#draw(left, top, level)).finally(() => this.#finished());
      this.#queue = drawing.catch(() => null);
      this.#drawn.set(key, drawing);
      if (this.#drawn.size > KEEP) this.#drawn.delete(this.#drawn.keys().next().value);
      drawing.catch(() => this.#drawn.delete(key));
    }
    const whole = await drawing;
    const tile = document.createElement("canvas");
    tile.width = tile.height = TILE;
    tile.getContext("2d").drawImage(whole, -(x % SPAN) * TILE, -(y % SPAN) * TILE);
    return tile;
  }

  get busy() { return this.#waiting > 0; }

  /** A frame of the scene after each drawing: Cesium loads nothing more without frames. */
  #finished() {
    this.#waiting -= 1;
    this.#pace(this.busy);
    setTimeout(this.#redraw, 0);
  }

  async #draw(left, top, level) {
    if (this.closed) throw new Error("the ground was replaced");
    const side = SPAN / 2 ** level;
    const center = [fraction.lon((left + 0.5) * side), fraction.lat((top + 0.5) * side)];
    const done = new Promise((resolve, reject) => {
      this.#map.once("idle", resolve);
      setTimeout(() => reject(new Error("a ground tile was not drawn within 20 s")), 20000);
    });
    this.#map.jumpTo({ center, zoom: level });
    this.#map.triggerRepaint();
    await done;
    const copy = document.createElement("canvas");
    copy.width = copy.height = TILE * SPAN;
    copy.getContext("2d").drawImage(this.#map.getCanvas(), 0, 0);
    return copy;
  }

  close() {
    this.closed = true;
    this.#queue.then(() => {
      this.#map.remove();
      this.#element.remove();
    });
  }
}

/**
 * An imagery provider for `extent` (west, south, east, north) that draws `base`, a MapLibre style, and calls
 * `redraw` when there is something new, `pace(busy)` when drawing begins and ends. Call `close` when done. */
export function ground(C, base, extent, redraw, pace) {
  const drawer = new Drawer(base, redraw, pace);
  const coarsest = Math.min(14, Math.max(5, Math.floor(Math.log2(360 / (extent[2] - extent[0])))));
  const scheme = new C.WebMercatorTilingScheme();
  return {
    tileWidth: 256, tileHeight: 256, minimumLevel: coarsest, maximumLevel: FINEST, tilingScheme: scheme,
    rectangle: C.Rectangle.fromDegrees(...extent), hasAlphaChannel: false, errorEvent: new C.Event(),
    credit: undefined, proxy: undefined, tileDiscardPolicy: undefined, getTileCredits: () => [], pickFeatures: () => undefined,
    requestImage: (x, y, level) => drawer.tile(x, y, level),
    busy: () => drawer.busy,
    close: () => drawer.close(),
  };
}
