// SPDX-License-Identifier: Apache-2.0
// The city's own 2D map as a picture for the globe: drawn once by a hidden MapLibre map, so nothing is requested elsewhere.

import { state } from "./state.js";

const SIZE = 2048;

/** Draws the base map over `extent` (west, south, east, north) and returns a PNG address with the rectangle it covers. */
export async function picture(base, extent) {
  const element = document.createElement("div");
  element.style.cssText = `position:absolute;left:-${2 * SIZE}px;top:0;width:${SIZE}px;height:${SIZE}px`;
  document.body.append(element);
  const layers = base.layers.filter((layer) => layer.type !== "symbol" && layer.type !== "fill-extrusion" && !layer.id.startsWith("twin-"))
    .filter((layer) => !layer.metadata || !layer.metadata["twin:layer"] || (layer.source === "basemap" && state.layers.has(layer.metadata["twin:layer"])))
    .map((layer) => (layer.metadata && layer.metadata["twin:layer"] ? { ...layer, layout: { ...layer.layout, visibility: "visible" } } : layer));
  const map = new maplibregl.Map({
    container: element, style: { ...base, layers }, bounds: extent, fitBoundsOptions: { padding: 0 }, interactive: false, fadeDuration: 0,
    attributionControl: false, pixelRatio: 1, canvasContextAttributes: { preserveDrawingBuffer: true },
  });
  map.on("error", () => {}); // the visible map reports tile errors
  try {
    await new Promise((resolve, reject) => {
      map.once("idle", resolve);
      setTimeout(() => reject(new Error("the base map picture was not drawn within 30 s")), 30000);
    });
    const b = map.getBounds();
    return { url: map.getCanvas().toDataURL("image/png"), rectangle: [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()] };
  } finally {
    map.remove();
    element.remove();
  }
}
