// SPDX-License-Identifier: Apache-2.0
// The MapLibre map: 2D and 2.5D, overlays, picking, pin mode.

import * as api from "./api.js";
import { note } from "./dom.js";
import { lang, onLang, t } from "./i18n.js";
import { live } from "./live.js";
import { emit, on, remember, state } from "./state.js";
import { bounds, circle, compose, LIVE_STREAM, LIVE_TILES, opening, past, standing, TERRAIN } from "./style.js";

const EMPTY = { type: "FeatureCollection", features: [] };
const overlay = { circle: EMPTY, hits: EMPTY, selected: EMPTY, live: EMPTY, result: EMPTY, draw: EMPTY };
let map = null;
let city = null;
let base = null;
let pinMode = false;
let taker = null; // takes the clicks while something is drawn: {click(at), move(at), finish()}
let marker = null;
/** Layers whose tiles the server refused: id -> reason. */
export const denied = new Map();

/** Creates the map and resolves when its style is loaded. */
export async function start(theCity) {
  city = theCity;
  base = await firstStyle();
  state.hasTerrain = Boolean(base.sources[TERRAIN]);
  const stage = document.getElementById("map2d");
  const first = state.center ? { center: state.center, zoom: state.zoom ?? 14 } : opening(city, stage.clientWidth || 800, stage.clientHeight || 600);
  map = new maplibregl.Map({
    container: "map2d", style: compose(base, city, overlay), transformRequest: api.transformRequest, maxPitch: 75, maxZoom: 22, attributionControl: false,
    localIdeographFontFamily: '"Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif',
    fadeDuration: 100, // milliseconds: the counts of clusters change every second
    ...first,
    pitch: state.view === "2.5d" ? state.pitch || 50 : state.pitch, bearing: state.bearing, canvasContextAttributes: { antialias: true },
  });
  if (state.pitch > 5 && state.view === "2d") state.view = "2.5d";
  map.getCanvas().setAttribute("aria-label", t("map"));
  onLang(() => map.getCanvas().setAttribute("aria-label", t("map")));
  map.on("error", failed);
  map.on("click", clicked);
  map.on("dblclick", (event) => taker && (event.preventDefault(), taker.finish()));
  map.on("mousemove", moved);
  map.on("mouseout", () => emit("cursor", null));
  map.on("move", () => shown() && emit("camera", camera()));
  map.on("moveend", keepView);
  map.keyboard.enable();
  window.addEventListener("keydown", (event) => event.key === "Escape" && pinMode && setPinMode(false));
  on("layers", applyVisibility);
  on("live:visible", applyVisibility);
  live.onChange(drawLive);
  setInterval(refreshLive, 1000);
  await new Promise((resolve) => map.once("load", resolve));
  keepView();
  emit("style", base);
}

/** The style that the address asks for; a thematic map that the server refuses is left out, with its reason shown. */
async function firstStyle() {
  try {
    return await api.style(lang(), state.theme, state.thematic);
  } catch (error) {
    if (!state.thematic) throw error;
    state.thematic = null;
    note(error.message);
    return api.style(lang(), state.theme);
  }
}

let liveSeen = null;
/** Asks for the clustered terminals again when some reported since; where they do not show, nothing is asked. */
function refreshLive() {
  if (document.hidden || document.body.dataset.ready !== "1" || !shown() || !state.live || live.lastUpdate === liveSeen) return;
  if (map.getZoom() >= LIVE_STREAM || !map.getSource(LIVE_TILES)) return;
  liveSeen = live.lastUpdate;
  map.refreshTiles(LIVE_TILES);
}

const camera = () => ({
  center: map.getCenter().toArray(), zoom: map.getZoom(), pitch: map.getPitch(), bearing: map.getBearing(),
  metresPerPixel: (40075016.686 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom()),
});

/** False while the 3D scene is in front; the hidden map then keeps quiet. */
const shown = () => state.view === "2d" || state.view === "2.5d";

function keepView() {
  if (!shown()) return;
  const now = camera();
  state.center = now.center;
  state.zoom = now.zoom;
  state.pitch = now.pitch;
  state.bearing = now.bearing;
  const tilted = now.pitch > 5;
  if (tilted !== (state.view === "2.5d")) {
    state.view = tilted ? "2.5d" : "2d";
    applyVisibility();
    emit("view", state.view);
  }
  emit("camera", now);
  emit("bounds", box());
  remember();
}

/** west, south, east, north of what is visible. */
export function box() {
  const b = map.getBounds();
  return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()];
}

function failed(event) {
  const status = event.error && event.error.status;
  if (status === 403 || status === 401) {
    denied.set(event.sourceId, t("tokenNeeded"));
    emit("denied", event.sourceId);
    return;
  }
  const message = `${t("tiles")}: ${event.error ? event.error.message : "?"}`;
  window.__errors.push(message);
  console.error(message);
}

/** Reloads the style for the current language and basemap theme, keeping the overlays. */
export async function restyle() {
  base = await api.style(lang(), state.theme, state.thematic);
  map.setStyle(compose(past(base, moment), city, overlay), { diff: true });
  emit("style", base);
}

let moment = {};
/** Shows a layer as it was at an instant (ISO 8601), or as it is without one. */
export function setMoment(next) {
  if (next.id === moment.id && next.at === moment.at) return;
  moment = next;
  map.setStyle(compose(past(base, moment), city, overlay), { diff: true });
}

/** Shows the ground's heights under the map, or takes them away. */
export function setTerrain(value) {
  state.terrain = value;
  map.setTerrain(value && map.getSource(TERRAIN) ? { source: TERRAIN, exaggeration: 1.3 } : null);
}

function applyVisibility() {
  if (!map || !map.isStyleLoaded() && !map.style) return;
  for (const layer of map.getStyle().layers) {
    const id = layer.metadata && layer.metadata["twin:layer"];
    let visible = null;
    if (id) visible = state.layers.has(id) && (!layer.metadata["twin:extrusion"] || state.view === "2.5d");
    else if (layer.id.startsWith("twin-live") || layer.id.startsWith("twin:live")) visible = state.live;
    else if (layer.id.endsWith("-raised")) visible = state.view === "2.5d";
    if (visible === null) continue;
    const want = visible ? "visible" : "none";
    if (((layer.layout && layer.layout.visibility) || "visible") !== want) map.setLayoutProperty(layer.id, "visibility", want);
  }
}

function put(name, data) {
  overlay[name] = data;
  const source = map.getSource("twin-" + name);
  if (source) source.setData(data);
}

let second = null; // {map, covers(point)}: a map in front of a part of this one
/** Lets clicks on the part that `other` covers pick from its map; null for none. */
export const addMap = (other) => { second = other; };

function pickAt(point) {
  const on = second && second.covers(point) ? second.map : map;
  const around = [[point.x - 4, point.y - 4], [point.x + 4, point.y + 4]];
  const found = on.queryRenderedFeatures(around)
    .filter((f) => (f.layer.metadata && (f.layer.metadata["twin:layer"] || f.layer.metadata["twin:live"])) || f.layer.id === "twin-live-point" || f.layer.id === "twin-hits-raised");
  const exact = new Set(on.queryRenderedFeatures([point.x, point.y]).map((f) => `${f.layer.id}/${f.id}`));
  const polygonal = (f) => /Polygon/.test(f.geometry.type);
  return found.find((f) => f.layer.id === "twin-live-point" || f.source === LIVE_TILES) || found.find((f) => f.geometry.type === "Point" && f.layer.type === "circle")
    || found.find((f) => !polygonal(f) && f.layer.type === "line" && exact.has(`${f.layer.id}/${f.id}`))
    || found.find((f) => polygonal(f) && exact.has(`${f.layer.id}/${f.id}`)) || found[0];
}

function clicked(event) {
  const at = [event.lngLat.lng, event.lngLat.lat];
  if (taker) return taker.click(at);
  if (pinMode) {
    setPinMode(false);
    emit("pin", at);
    return;
  }
  const feature = pickAt(event.point);
  if (!feature) return emit("select", null);
  if (feature.source === LIVE_TILES && feature.properties.point_count)
    return map.easeTo({ center: feature.geometry.coordinates, zoom: Math.min(LIVE_STREAM + 0.5, map.getZoom() + 2) });
  if (feature.layer.id === "twin-live-point" || feature.source === LIVE_TILES) return emit("select", { live: feature.properties.id });
  const raised = feature.layer.id === "twin-hits-raised"; // a hit that stands where its building stood
  emit("select", {
    layer: raised ? feature.properties["twin:layer"] : feature.layer.metadata["twin:layer"],
    id: raised ? feature.properties["twin:id"] : feature.id ?? feature.properties.id,
    properties: feature.properties, geometry: feature.geometry, at,
  });
}

let lastHover = 0;
function moved(event) {
  emit("cursor", [event.lngLat.lng, event.lngLat.lat]);
  if (taker) return taker.move([event.lngLat.lng, event.lngLat.lat]);
  const now = performance.now();
  if (pinMode || map.isMoving() || now - lastHover < 90) return;
  lastHover = now;
  map.getCanvas().style.cursor = pickAt(event.point) ? "pointer" : "";
}

/** While on, the next click places the query's centre instead of selecting. */
export function setPinMode(value) {
  pinMode = value;
  document.getElementById("stage").classList.toggle("pin", value);
  if (map) map.getCanvas().style.cursor = value ? "crosshair" : "";
  note(value ? t("pinHint") : "");
  emit("pinmode", value);
}

/** Shows the query's circle and pin, or removes them when `query` is null. */
export function showQuery(query) {
  put("circle", query ? circle(query.at, query.radius) : EMPTY);
  if (marker) marker.remove();
  marker = null;
  if (!query) return;
  const element = document.createElement("div");
  element.className = "pin-marker";
  element.append(pinShape());
  marker = new maplibregl.Marker({ element, anchor: "bottom" }).setLngLat(query.at).addTo(map);
}

function pinShape() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 26 34");
  for (const [tag, attributes] of [
    ["path", { d: "M13 33C13 33 2 21 2 12.5A11 11 0 0 1 24 12.5C24 21 13 33 13 33z", fill: "#e0450c", stroke: "#fff", "stroke-width": 1.6 }],
    ["circle", { cx: 13, cy: 12.5, r: 4.2, fill: "#fff" }]]) {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
  }
  return svg;
}

/** Highlights hits; where they stand up, the buildings below them step aside. */
export function showHits(features) {
  put("hits", { type: "FeatureCollection", features });
  for (const { id, metadata } of map.getStyle().layers) {
    if (metadata && metadata["twin:extrusion"]) map.setFilter(id, standing(metadata["twin:filter"], metadata["twin:layer"], overlay.hits));
  }
}

const collection = (features) => (features.length ? { type: "FeatureCollection", features } : EMPTY);
/** What is being drawn; and the result of an analysis, each feature in its own `color`. */
export const showDrawn = (features) => put("draw", collection(features));
export const showResult = (features) => put("result", collection(features));

/** While something is drawn, clicks go to `next`; null gives them back. */
export function capture(next) {
  taker = next;
  document.getElementById("stage").classList.toggle("pin", Boolean(next));
  map.getCanvas().style.cursor = next ? "crosshair" : "";
}

export const showSelected = (feature) => put("selected", feature ? { type: "FeatureCollection", features: [feature] } : EMPTY);

/** Moves the camera to a geometry, near enough to see it but never closer than zoom 17.5. */
export function flyTo(geometry) {
  const [west, south, east, north] = bounds(geometry);
  map.fitBounds([west, south, east, north], { padding: 90, maxZoom: Math.max(17, Math.min(map.getZoom(), 17.5)), duration: 700, pitch: map.getPitch(), bearing: map.getBearing() });
}

export const fitBox = (extent) => map.fitBounds(extent, { padding: 24, duration: 700, pitch: map.getPitch(), bearing: 0 });
export const jump = (view) => map.jumpTo(view);
export const ease = (view) => map.easeTo({ duration: 700, ...view });
export const zoomBy = (step) => map.easeTo({ zoom: map.getZoom() + step, duration: 250 });
export const setTilt = (pitch) => map.easeTo({ pitch, ...(pitch ? {} : { bearing: 0 }), duration: 500 });
export const resize = () => map && map.resize();
export const view = () => camera();
export const baseStyle = () => base;
/** What lies over the map now: overlay name -> GeoJSON. */
export const overlays = () => ({ ...overlay });
/** What a style layer shows now. */
export const rendered = (id) => map.queryRenderedFeatures({ layers: [id] });

/** Resolves when everything in view is drawn. */
export const idle = () => new Promise((resolve) => {
  if (map.loaded() && !map.isMoving()) map.once("idle", resolve).triggerRepaint();
  else map.once("idle", resolve);
});

const point = (s) => ({
  type: "Feature", geometry: { type: "Point", coordinates: s.shown },
  properties: { id: s.id, kind: s.kind, color: s.color, label: s.label, moves: s.moves === true },
});

function drawLive(change) {
  if (!map || !map.getSource("twin-live")) return;
  if (change.reset) {
    put("live", { type: "FeatureCollection", features: [...live.sensors.values()].map(point) });
    return;
  }
  const source = map.getSource("twin-live");
  overlay.live = { type: "FeatureCollection", features: [...live.sensors.values()].map(point) };
  const update = change.moved.map((s) => ({
    id: s.id, newGeometry: { type: "Point", coordinates: s.shown }, addOrUpdateProperties: [{ key: "label", value: s.label }],
  }));
  source.updateData({ add: change.added.map(point), update, remove: change.removed });
}
