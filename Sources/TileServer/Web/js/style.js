// SPDX-License-Identifier: Apache-2.0
// Completes the server's MapLibre style with what belongs to the page: extrusions, query circle, hits, selection, sensors.

import { state } from "./state.js";

const EMPTY = { type: "FeatureCollection", features: [] };
const PALETTE = ["#0b84c6", "#d9480f", "#2b8a3e", "#862e9c", "#c2255c", "#5f3dc4", "#087f5b", "#a6630a"];

/** From this zoom on terminals come from the event stream, each by itself; below, from the server's clustered tiles. */
export const LIVE_STREAM = 15;
export const LIVE_TILES = "twin:live";

/** One colour per sensor kind, in the order the city declares them. */
export const kindColors = new Map();
export function assignKinds(kinds) {
  for (const kind of kinds || []) kindColor(kind);
}
export function kindColor(kind) {
  if (!kindColors.has(kind)) kindColors.set(kind, PALETTE[kindColors.size % PALETTE.length]);
  return kindColors.get(kind);
}

/** Whether a layer can stand up: a polygon layer with a height or a number of floors. */
export const heightField = (layer) =>
  layer.geometry === "polygon" && (layer.fields || []).some((f) => f.name === "height" || f.name === "floors");

const RESULT = ["coalesce", ["get", "color"], "#e0450c"];

const BUILDING_NAMES = 17; // zoom: before that a town's house names cover its streets

/** The source of the ground's heights, where the server has them. */
export const TERRAIN = "twin:terrain";

const CROWD_NAMES = 16; // zoom from which the points of a crowded layer are named
const SPARSE = ["interpolate", ["linear"], ["zoom"], 10, 40, 14, 28, 15, 14, 16, 4]; // pixels around the name of an area

const HEIGHT = [
  "max", 3, ["coalesce", ["to-number", ["get", "height"], 0], 0],
  ["*", 3, ["coalesce", ["to-number", ["get", "floors"], 0], 0]],
];
const EXACT_HEIGHT = ["case", [">", ["to-number", ["get", "height"], 0], 0], ["to-number", ["get", "height"], 0], HEIGHT];

/** A style with the tiles of one layer as they were: `{id, at}`, the layer and an instant; the style itself without an instant. */
export function past(base, { id: layer, at }) {
  if (!at) return base;
  const of = new Set(base.layers.filter((l) => l.metadata && l.metadata["twin:layer"] === layer).map((l) => l.source));
  const asked = (url) => `${url}${url.includes("?") ? "&" : "?"}version=${encodeURIComponent(at)}`;
  const sources = Object.entries(base.sources).map(([id, source]) => [id, of.has(id) && source.tiles ? { ...source, tiles: source.tiles.map(asked) } : source]);
  return { ...base, sources: Object.fromEntries(sources) };
}

/** The style with visibility, extrusions and overlays. `data`: overlay name -> GeoJSON; `on`: the ids of the layers shown. */
export function compose(base, city, data, on = state.layers) {
  const style = { ...base, sources: { ...base.sources }, layers: [] };
  const extrusions = [];
  const byId = new Map(city.layers.map((layer) => [layer.id, layer]));
  for (const source of base.layers) {
    const id = source.metadata && source.metadata["twin:layer"];
    if (source.metadata && source.metadata["twin:live"]) {
      style.layers.push({ ...source, maxzoom: LIVE_STREAM, layout: { ...source.layout, visibility: state.live ? "visible" : "none" } });
      continue;
    }
    if (!id) {
      style.layers.push(source);
      continue;
    }
    const visibility = on.has(id) ? "visible" : "none";
    const layer = byId.get(id);
    const shown = { ...source, layout: { ...source.layout, visibility } };
    if (source.id.endsWith("-icon")) style.layers.push(shown);
    else if (source.type === "symbol" && layer && heightField(layer)) style.layers.push({ ...shown, minzoom: Math.max(BUILDING_NAMES, source.minzoom || 0) });
    else if (source.type === "symbol" && layer && layer.geometry === "point" && layer.count > 200)
      style.layers.push({ ...shown, minzoom: Math.max(CROWD_NAMES, source.minzoom || 0) });
    else if (source.type === "symbol" && layer && layer.geometry === "polygon") style.layers.push({ ...shown, layout: { ...shown.layout, "text-padding": SPARSE } });
    else style.layers.push(shown);
    if (source.type === "fill" && source.paint["fill-color"] && layer && heightField(layer)) extrusions.push(extrusion(source, id, data.hits || EMPTY, on));
  }
  const firstSymbol = style.layers.findIndex((layer) => layer.type === "symbol");
  style.layers.splice(firstSymbol < 0 ? style.layers.length : firstSymbol, 0, ...extrusions);
  for (const name of ["circle", "hits", "result", "selected", "draw", "live"]) {
    style.sources["twin-" + name] = { type: "geojson", data: data[name] || EMPTY, ...(name === "live" ? { promoteId: "id" } : {}) };
  }
  const liveTiles = style.layers.findIndex((layer) => layer.source === LIVE_TILES);
  style.layers.splice(liveTiles < 0 ? style.layers.length : liveTiles, 0, ...overlays());
  if (state.terrain && base.sources[TERRAIN]) style.terrain = { source: TERRAIN, exaggeration: 1.3 };
  return style;
}

/** The filter of a layer's extrusions: without the hits, which stand there in their own colour and would flicker. */
export function standing(filter, id, hits) {
  const ids = hits.features.filter((f) => f.properties["twin:layer"] === id).map((f) => f.id);
  const others = ["!", ["in", ["id"], ["literal", ids]]];
  return ids.length ? (filter ? ["all", filter, others] : others) : filter || null;
}

function extrusion(fill, id, hits, on) {
  const visible = state.view === "2.5d" && on.has(id);
  return {
    id: `${fill.id}-extrusion`, type: "fill-extrusion", source: fill.source, "source-layer": fill["source-layer"],
    minzoom: Math.max(13, fill.minzoom || 0), ...(standing(fill.filter, id, hits) ? { filter: standing(fill.filter, id, hits) } : {}),
    metadata: { ...fill.metadata, "twin:extrusion": true, "twin:filter": fill.filter || null }, layout: { visibility: visible ? "visible" : "none" },
    paint: {
      "fill-extrusion-color": (fill.paint && fill.paint["fill-color"]) || "#d9d0c7", "fill-extrusion-height": EXACT_HEIGHT,
      "fill-extrusion-opacity": 0.94, "fill-extrusion-vertical-gradient": true,
    },
  };
}

function overlays() {
  const dark = state.theme === "dark";
  const hit = dark ? "#ff8a4c" : "#e0450c";
  const pick = dark ? "#ffd24a" : "#0a5bd3";
  const polygon = ["==", ["geometry-type"], "Polygon"];
  const line = ["==", ["geometry-type"], "LineString"];
  const point = ["==", ["geometry-type"], "Point"];
  const stand = state.view === "2.5d" ? "visible" : "none";
  const raised = (name, color) => ({
    id: `twin-${name}-raised`, type: "fill-extrusion", source: `twin-${name}`, layout: { visibility: stand },
    filter: ["all", polygon, ["any", ["has", "height"], ["has", "floors"]]],
    paint: { "fill-extrusion-color": color, "fill-extrusion-height": ["+", 0.5, EXACT_HEIGHT], "fill-extrusion-opacity": 0.85 },
  });
  return [
    { id: "twin-circle-fill", type: "fill", source: "twin-circle", paint: { "fill-color": hit, "fill-opacity": 0.07 } },
    { id: "twin-circle-line", type: "line", source: "twin-circle", paint: { "line-color": hit, "line-width": 1.8, "line-dasharray": [3, 2] } },
    { id: "twin-hits-fill", type: "fill", source: "twin-hits", filter: polygon, paint: { "fill-color": hit, "fill-outline-color": hit,
      "fill-opacity": ["case", ["has", "twin:area"], 0.06, 0.34] } },
    { id: "twin-hits-area", type: "line", source: "twin-hits", filter: ["has", "twin:area"], paint: { "line-color": hit, "line-width": 1.2, "line-opacity": 0.7 } },
    { id: "twin-hits-line", type: "line", source: "twin-hits", filter: line, paint: { "line-color": hit, "line-width": 3, "line-opacity": 0.75 } },
    raised("hits", dark ? "#e0763c" : "#f08a5d"),
    { id: "twin-hits-point", type: "circle", source: "twin-hits", filter: point,
      paint: { "circle-radius": 6, "circle-color": hit, "circle-opacity": 0.9, "circle-stroke-color": "#fff", "circle-stroke-width": 1.5 } },
    { id: "twin-result-fill", type: "fill", source: "twin-result", filter: polygon, paint: { "fill-color": RESULT, "fill-opacity": 0.42 } },
    { id: "twin-result-line", type: "line", source: "twin-result", filter: ["!", point], paint: { "line-color": RESULT, "line-width": 2.2 } },
    { id: "twin-result-point", type: "circle", source: "twin-result", filter: point, paint: { "circle-radius": 5, "circle-color": RESULT, "circle-stroke-color": "#fff", "circle-stroke-width": 1.5 } },
    { id: "twin-selected-fill", type: "fill", source: "twin-selected", filter: polygon, paint: { "fill-color": pick, "fill-opacity": 0.28 } },
    { id: "twin-selected-line", type: "line", source: "twin-selected", filter: ["!", point], paint: { "line-color": pick, "line-width": 3 } },
    raised("selected", pick),
    { id: "twin-selected-point", type: "circle", source: "twin-selected", filter: point,
      paint: { "circle-radius": 11, "circle-color": pick, "circle-opacity": 0.25, "circle-stroke-color": pick, "circle-stroke-width": 2.5 } },
    { id: "twin-draw-fill", type: "fill", source: "twin-draw", filter: polygon, paint: { "fill-color": hit, "fill-opacity": 0.15 } },
    { id: "twin-draw-line", type: "line", source: "twin-draw", filter: ["!", point], paint: { "line-color": hit, "line-width": 2.5, "line-dasharray": [2, 1.5] } },
    { id: "twin-draw-point", type: "circle", source: "twin-draw", filter: point, paint: { "circle-radius": 5, "circle-color": "#fff", "circle-stroke-color": hit, "circle-stroke-width": 2 } },
    { id: "twin-live-halo", type: "circle", source: "twin-live", minzoom: LIVE_STREAM, filter: ["get", "moves"], layout: { visibility: state.live ? "visible" : "none" },
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 5, 16, 12], "circle-color": ["get", "color"], "circle-opacity": 0.2 } },
    { id: "twin-live-point", type: "circle", source: "twin-live", minzoom: LIVE_STREAM, layout: { visibility: state.live ? "visible" : "none" },
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 2.5, 16, 6.5], "circle-color": ["get", "color"],
        "circle-stroke-color": "#fff", "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 10, 0.5, 16, 1.8] } },
    { id: "twin-live-label", type: "symbol", source: "twin-live", minzoom: 15.5,
      layout: { visibility: state.live ? "visible" : "none", "text-field": ["get", "label"], "text-size": 11, "text-offset": [0, 1.1],
        "text-anchor": "top", "text-optional": true },
      paint: { "text-color": dark ? "#e8eef6" : "#14202f", "text-halo-color": dark ? "#111927" : "#ffffff", "text-halo-width": 1.4 } },
  ];
}

/** The built-up city: the extent of its buildings, else of its base map. The declared extent may be mostly fields. */
export function builtUp(city) {
  const known = city.layers.filter((layer) => layer.extent && layer.count);
  const layer = known.find((l) => l.id === "buildings") || known.find(heightField) || known.find((l) => l.base);
  const box = layer ? layer.extent : city.extent;
  const [w, s, e, n] = city.extent;
  const cut = [Math.max(box[0], w), Math.max(box[1], s), Math.min(box[2], e), Math.min(box[3], n)];
  return cut[0] < cut[2] && cut[1] < cut[3] ? cut : city.extent;
}

/** The view with which a city opens: its built-up part fills a map of `width` x `height` pixels, near enough for houses. */
export function opening(city, width, height) {
  const [w, s, e, n] = builtUp(city);
  const middle = (s + n) / 2;
  const across = Math.log2((width * 360) / (512 * (e - w)));
  const up = Math.log2((height * 360 * Math.cos((middle * Math.PI) / 180)) / (512 * (n - s)));
  const cover = Math.max(across, up);
  const houses = Math.max(13, ...city.layers.filter((l) => l.id === "buildings" && l.zoom).map((l) => l.zoom[0])) + 0.1;
  return { center: [(w + e) / 2, middle], zoom: Math.min(17, cover < houses && cover > houses - 1.6 ? houses : cover) };
}

/** A circle of `radius` metres on the ground around a position, as a GeoJSON polygon. */
export function circle(at, radius) {
  const ring = [];
  const north = radius / 110946;
  const east = radius / (111320 * Math.cos((at[1] * Math.PI) / 180));
  for (let i = 0; i <= 96; i += 1) {
    const angle = (i / 96) * 2 * Math.PI;
    ring.push([at[0] + east * Math.sin(angle), at[1] + north * Math.cos(angle)]);
  }
  return { type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } }] };
}

/** west, south, east, north of a GeoJSON geometry. */
export function bounds(geometry) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (node) => {
    if (typeof node[0] === "number") {
      box[0] = Math.min(box[0], node[0]); box[1] = Math.min(box[1], node[1]);
      box[2] = Math.max(box[2], node[0]); box[3] = Math.max(box[3], node[1]);
    } else node.forEach(visit);
  };
  if (geometry.type === "GeometryCollection") geometry.geometries.forEach((g) => visit(g.coordinates));
  else visit(geometry.coordinates);
  return box;
}
