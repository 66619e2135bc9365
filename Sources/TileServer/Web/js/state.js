// SPDX-License-Identifier: Apache-2.0
// The page's state, mirrored in the URL's hash so that a view can be bookmarked, sent and scripted.
// #view=2d&lang=zh&theme=light&center=120.01,36.26&zoom=15&pitch=45&bearing=0&layers=a,b&query=lon,lat,500&tab=radius

const VIEWS = ["2d", "2.5d", "3d", "underground"];
const TABS = ["feature", "radius", "plan", "live", "scenario"];

const pair = (text) => {
  const parts = (text || "").split(",").map(Number);
  return parts.length >= 2 && parts.every(Number.isFinite) ? parts : null;
};
const finite = (text, low, high) => {
  const value = Number(text);
  return text !== null && text !== "" && Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : null;
};

/** `layer.field[,method[,classes]]`, or null. */
function thematic(text) {
  const [name, method, classes] = (text || "").split(",");
  const point = name.indexOf(".");
  if (point < 1 || point === name.length - 1) return null;
  return { layer: name.slice(0, point), field: name.slice(point + 1), method: method || null, classes: finite(classes ?? null, 2, 12) };
}

/** Reads a hash; what is missing or malformed is null. */
export function parse(hash) {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const query = pair(params.get("query"));
  const select = (params.get("select") || "").split("/");
  return {
    view: VIEWS.includes(params.get("view")) ? params.get("view") : null,
    lang: ["zh", "en"].includes(params.get("lang")) ? params.get("lang") : null,
    theme: ["light", "dark"].includes(params.get("theme")) ? params.get("theme") : null,
    tab: TABS.includes(params.get("tab")) ? params.get("tab") : null,
    center: pair(params.get("center")),
    zoom: finite(params.get("zoom"), 0, 24),
    pitch: finite(params.get("pitch"), 0, 85),
    bearing: finite(params.get("bearing"), -360, 360),
    layers: params.has("layers") ? params.get("layers").split(",").filter(Boolean) : null,
    query: query ? { at: query.slice(0, 2), radius: query[2] > 0 ? query[2] : 500 } : null,
    queryLayers: params.has("qlayers") ? params.get("qlayers").split(",").filter(Boolean) : null,
    select: select.length === 2 ? { layer: select[0], id: select[1] } : null,
    scenario: params.get("scenario"),
    thematic: thematic(params.get("thematic")),
    terrain: params.get("terrain") === "1",
    table: params.get("table"),
    swipe: (params.get("swipe") || "").split(",").length === 2 ? params.get("swipe").split(",") : null,
  };
}

export const state = {
  view: "2d", lang: "zh", theme: "light", tab: "feature", center: null, zoom: null, pitch: 0, bearing: 0,
  layers: new Set(), query: null, queryLayers: null, select: null, scenario: null, live: true,
  thematic: null, terrain: false, hasTerrain: false, table: null, swipe: null,
};

let timer = 0;
let last = "";

/** The hash for the current state. */
function format() {
  const parts = [`view=${state.view}`, `lang=${state.lang}`, `theme=${state.theme}`, `tab=${state.tab}`];
  if (state.center) parts.push(`center=${state.center.map((v) => v.toFixed(6)).join(",")}`, `zoom=${state.zoom.toFixed(2)}`);
  if (state.pitch) parts.push(`pitch=${state.pitch.toFixed(0)}`);
  if (state.bearing) parts.push(`bearing=${state.bearing.toFixed(0)}`);
  parts.push(`layers=${[...state.layers].join(",")}`);
  if (state.query) parts.push(`query=${state.query.at.map((v) => v.toFixed(6)).join(",")},${state.query.radius}`);
  if (state.queryLayers) parts.push(`qlayers=${state.queryLayers.join(",")}`);
  if (state.select) parts.push(`select=${encodeURIComponent(state.select.layer)}/${encodeURIComponent(state.select.id)}`);
  if (state.scenario) parts.push(`scenario=${encodeURIComponent(state.scenario)}`);
  if (state.thematic) {
    const { layer, field, method, classes } = state.thematic;
    parts.push(`thematic=${[`${layer}.${field}`, method || "", classes || ""].map(encodeURIComponent).join(",").replace(/,+$/, "")}`);
  }
  if (state.table) parts.push(`table=${encodeURIComponent(state.table)}`);
  if (state.swipe) parts.push(`swipe=${state.swipe.map(encodeURIComponent).join(",")}`);
  if (state.terrain) parts.push("terrain=1");
  return "#" + parts.join("&");
}

/** Writes the state into the URL soon, without adding to the history. */
export function remember() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    last = format();
    history.replaceState(null, "", last);
  }, 150);
}

/** True when a hashchange came from outside, not from `remember`. */
export const isForeign = () => location.hash !== last;

const listeners = {};
/** A tiny event bus for the page's parts: layers, select, query, view, theme, live, style. */
export const on = (name, listener) => (listeners[name] ||= []).push(listener);
export const emit = (name, detail) => (listeners[name] || []).forEach((listener) => listener(detail));
