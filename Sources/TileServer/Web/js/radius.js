// SPDX-License-Identifier: Apache-2.0
// The radius query: a pin, a radius, chosen layers; hits grouped by layer, highlighted, listed and exported.

import * as api from "./api.js";
import { debounce, fill, h } from "./dom.js";
import { asCSV, asGeoJSON } from "./exports.js";
import { metres, number, onLang, t, title } from "./i18n.js";
import { label } from "./details.js";
import * as map2d from "./map2d.js";
import { emit, on, remember, state } from "./state.js";
import { heightField } from "./style.js";

const MAX_RADIUS = 5000;
let city = null;
let panel = null;
let answer = null;
let problem = null;
let busy = false;
let ticket = 0;

export function start(theCity, container) {
  city = theCity;
  panel = container;
  on("pin", (at) => run({ at, radius: state.query ? state.query.radius : 500 }));
  on("pinmode", draw);
  onLang(draw);
}

/** Layers a query can ask: everything but plain background polygons; `live` when the city has sensors. */
const choices = () => [
  ...city.layers.filter((layer) => !layer.base || layer.geometry !== "polygon" || layer.id === "buildings" || heightField(layer)).map((layer) => layer.id),
  ...(city.live && city.live.count ? ["live"] : []),
];

/** The chosen layers: as chosen, else what is visible among the choices, without the base map's lines. */
function chosen() {
  if (state.queryLayers) return state.queryLayers;
  const plain = new Set(city.layers.filter((l) => l.base && l.geometry === "line").map((l) => l.id));
  const areas = areaLayers();
  const visible = choices().filter((id) => id === "live" || (state.layers.has(id) && !map2d.denied.has(id) && !plain.has(id) && !areas.has(id)));
  return visible.length ? visible : choices();
}

/** Plans, zones and other areas: worth asking for, but not unasked, because they cover everything. */
const areaLayers = () => new Set(city.layers.filter((l) => l.geometry === "polygon" && l.id !== "buildings" && !heightField(l)).map((l) => l.id));

const layerTitle = (id) => {
  if (id === "live") return t("sensors");
  const layer = city.layers.find((candidate) => candidate.id === id);
  return title(layer && layer.title, id);
};

/** Asks the server and shows the answer; the last question wins. */
export async function run(query, layers) {
  if (layers) state.queryLayers = layers;
  state.query = query;
  remember();
  map2d.showQuery(query);
  const ids = chosen();
  emit("tab", "radius");
  problem = ids.length ? null : t("needLayer");
  ticket += 1;
  if (!ids.length) return draw();
  const mine = ticket;
  busy = true;
  draw();
  try {
    const result = await ask(query, ids);
    if (mine !== ticket) return;
    answer = result;
    emit("version", result.version);
  } catch (error) {
    if (mine !== ticket) return;
    answer = null;
    problem = error.message;
  }
  busy = false;
  map2d.showHits(answer ? marked() : []);
  draw();
}

/** Asks; when a layer needs authorisation, asks again for the open ones and says so. */
async function ask(query, ids) {
  try {
    return await api.radius(query.at, query.radius, ids);
  } catch (error) {
    const open = ids.filter((id) => id === "live" || (city.layers.find((l) => l.id === id) || {}).classification === "public");
    if (![401, 403].includes(error.status) || !open.length || open.length === ids.length) throw error;
    problem = `${t("tokenNeeded")}: ${ids.filter((id) => !open.includes(id)).map(layerTitle).join("、")}`;
    return api.radius(query.at, query.radius, open);
  }
}

const features = () => answer.layers.flatMap((group) => group.features.map((f) => ({
  type: "Feature", id: f.id, geometry: f.geometry, properties: { ...f.properties, "twin:layer": group.id, "twin:id": f.id, "twin:distance": f.distance },
})));

/** The hits for the map; areas are marked, so that they are outlined instead of covering the map. */
function marked() {
  const areas = areaLayers();
  return features().map((f) => (areas.has(f.properties["twin:layer"]) ? { ...f, properties: { ...f.properties, "twin:area": true } } : f));
}

/** Removes the query from map and panel. */
export function clear() {
  ticket += 1;
  Object.assign(state, { query: null });
  answer = null;
  problem = null;
  busy = false;
  map2d.showQuery(null);
  map2d.showHits([]);
  remember();
  draw();
}

const rerun = debounce(250, () => state.query && run(state.query));

function setRadius(value) {
  const radius = Math.min(MAX_RADIUS, Math.max(1, Math.round(value) || 1));
  if (!state.query) return void (pendingRadius = radius);
  state.query = { ...state.query, radius };
  map2d.showQuery(state.query);
  rerun();
}
let pendingRadius = 500;

function form() {
  const radius = state.query ? state.query.radius : pendingRadius;
  const exact = h("input", {
    class: "field", type: "number", id: "radius-number", min: 1, max: MAX_RADIUS, value: radius, "aria-label": t("radius"),
    onchange: (event) => { slider.value = event.target.value; setRadius(Number(event.target.value)); },
  });
  const slider = h("input", {
    type: "range", min: 50, max: 2000, step: 50, value: radius, "aria-label": t("radius"),
    oninput: (event) => { exact.value = event.target.value; setRadius(Number(event.target.value)); },
  });
  const at = h("input", {
    class: "field", id: "radius-at", value: state.query ? state.query.at.map((v) => v.toFixed(6)).join(", ") : "", placeholder: "lon, lat",
    "aria-label": t("center"),
    onchange: (event) => {
      const parts = event.target.value.split(/[,，\s]+/).filter(Boolean).map(Number);
      const valid = parts.length === 2 && parts.every(Number.isFinite) && Math.abs(parts[0]) <= 180 && Math.abs(parts[1]) <= 90;
      if (valid) run({ at: parts, radius: Number(exact.value) });
      else { problem = t("badPoint"); draw(); }
    },
  });
  const ids = chosen();
  const set = (list) => {
    state.queryLayers = list;
    remember();
    if (state.query) run(state.query);
    else draw();
  };
  const chips = choices().map((id) => h("button", {
    class: "chip", "aria-pressed": String(ids.includes(id)), "data-chip": id,
    onclick: () => set(ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id]),
  }, layerTitle(id)));
  const picking = document.getElementById("stage").classList.contains("pin");
  return h("div", { class: "pad" },
    h("div", { class: "form-row" },
      h("button", { class: "btn " + (picking ? "on" : "primary"), id: "pin-button", "aria-pressed": String(picking), onclick: () => map2d.setPinMode(!picking) }, t("pinDrop")),
      h("button", { class: "btn", id: "radius-run", disabled: !state.query || busy, onclick: () => run(state.query) }, t("run")),
      h("button", { class: "btn", disabled: !state.query, onclick: clear }, t("clear"))),
    h("div", { class: "form-row" }, h("label", { for: "radius-at" }, t("center")), at),
    h("div", { class: "form-row" }, h("label", { for: "radius-number" }, t("radius")), slider, exact, "m"),
    h("div", { class: "form-row", style: { "margin-bottom": "4px" } }, h("span", { class: "lbl" }, t("chosenLayers")),
      h("button", { class: "icon-btn", onclick: () => set(choices()) }, t("chooseAll")),
      h("button", { class: "icon-btn", onclick: () => set([]) }, t("chooseNone"))),
    h("div", { class: "chips", role: "group", "aria-label": t("chosenLayers") }, chips));
}

function draw() {
  if (!panel) return;
  const focused = document.activeElement && panel.contains(document.activeElement) ? document.activeElement : null;
  const mark = focused && (focused.id ? `#${focused.id}` : focused.dataset.chip ? `[data-chip="${CSS.escape(focused.dataset.chip)}"]` : null);
  fill(panel, form(), problem && h("div", { class: "problem", role: "alert" }, problem), results());
  if (mark) panel.querySelector(mark)?.focus();
}

function results() {
  if (busy) return h("p", { class: "note", role: "status" }, t("querying"));
  if (!answer) return h("p", { class: "note" }, t("noPoint"));
  const took = answer.elapsedMs === undefined ? null : h("span", { class: "mute" }, t("elapsed", number(answer.elapsedMs, 2)));
  return [
    h("div", { class: "summary", id: "radius-summary", "data-total": answer.total, role: "status" },
      h("strong", {}, t("total", number(answer.total))), h("span", { class: "mute" }, t("within", number(answer.radius))), took),
    h("div", { class: "actions" },
      h("button", { class: "btn", disabled: !answer.total, onclick: exportGeoJSON }, t("exportGeo")),
      h("button", { class: "btn", disabled: !answer.total, onclick: exportCSV }, t("exportCsv"))),
    h("div", { class: "scroll", id: "radius-results" },
      answer.total ? answer.layers.filter((group) => group.count).map(group) : h("p", { class: "note" }, t("none"))),
  ];
}

function group(found) {
  const layer = city.layers.find((candidate) => candidate.id === found.id);
  const items = found.features.map((f) => h("li", {}, h("button", {
    "data-hit": `${found.id}/${f.id}`,
    onclick: (event) => {
      panel.querySelectorAll(".hits .on").forEach((other) => other.classList.remove("on"));
      event.currentTarget.classList.add("on");
      emit("fly", f.geometry);
      map2d.showSelected({ type: "Feature", properties: f.properties, geometry: f.geometry });
    },
    ondblclick: () => emit("select", found.id === "live" ? { live: String(f.id) } : { layer: found.id, id: f.id, properties: f.properties, geometry: f.geometry }),
  }, h("span", { class: "t" }, label(layer || { id: found.id, title: found.title }, f.properties, f.id)),
  h("span", { class: "d" }, f.distance <= 0.005 ? t("inside") : metres(f.distance)),
  h("span", { class: "s" }, `#${f.id}${detail(layer, f.properties)}`))));
  return h("details", { class: "group", open: true },
    h("summary", {}, title(found.title, layerTitle(found.id)), h("span", { class: "n" }, number(found.count))),
    h("ul", { class: "hits" }, items),
    found.returned < found.count && h("p", { class: "note" }, t("shownOf", number(found.returned), number(found.count))));
}

/** The first two declared fields besides the name, as a second line. */
function detail(layer, properties) {
  const values = ((layer && layer.fields) || []).filter((f) => !["name", "code"].includes(f.name) && properties[f.name] !== undefined && properties[f.name] !== null)
    .slice(0, 2).map((f) => `${title(f.title, f.name)} ${typeof properties[f.name] === "number" && f.type !== "integer" ? number(properties[f.name], 2) : properties[f.name]}${f.unit ? " " + f.unit : ""}`);
  return values.length ? ` · ${values.join(" · ")}` : "";
}

const exportGeoJSON = () => asGeoJSON("radius", features(), { query: { at: answer.at, radius: answer.radius, version: answer.version } });

function exportCSV() {
  const all = features();
  const names = [...new Set(all.flatMap((f) => Object.keys(f.properties)))];
  asCSV("radius", names, all.map((f) => names.map((name) => f.properties[name])));
}
