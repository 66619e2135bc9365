// SPDX-License-Identifier: Apache-2.0
// The attribute panel: one feature, its permanent id, and its fields with titles and units.

import * as api from "./api.js";
import { fill, h, icon, note } from "./dom.js";
import { clock, kindName, number, onLang, reading, t, title } from "./i18n.js";
import { live } from "./live.js";
import * as map2d from "./map2d.js";
import { depthAt } from "./tools3d/depth.js";
import { bounds } from "./style.js";
import { emit, on, remember, state } from "./state.js";

let city = null;
let panel = null;
let shown = null;
let ticket = 0;

export function start(theCity, container) {
  city = theCity;
  panel = container;
  on("select", select);
  onLang(draw);
  live.onStatus(() => shown && shown.live && draw());
}

/** What a person calls a feature: its name, else its code, else layer and id. */
export function label(layer, properties, id) {
  const p = properties || {};
  const code = /[A-Za-z\u4e00-\u9fff]/.test(p.code || "") && String(p.code).length <= 20 ? p.code : null; // not a bare number, not a GUID
  const named = p.name || p.name_zh || p["name:zh"] || p.title || code || p.number;
  return named ? String(named) : `${title(layer && layer.title, layer ? layer.id : "")} ${id ?? ""}`.trim();
}

/** Shows a feature. `what`: {layer, id, properties, geometry, model?} or {live: code} or null. */
export async function select(what) {
  ticket += 1;
  const mine = ticket;
  if (!what) {
    shown = null;
    state.select = null;
    map2d.showSelected(null);
    remember();
    return draw();
  }
  if (what.live) {
    shown = { live: what.live };
    const sensor = live.sensors.get(what.live);
    if (sensor && sensor.to) map2d.showSelected({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: sensor.to } });
    emit("tab", "feature");
    return draw();
  }
  const layer = city.layers.find((candidate) => candidate.id === what.layer);
  shown = { ...what, layer, properties: what.properties || {}, tile: what.properties || {}, full: false };
  state.select = what.id === undefined || what.id === null ? null : { layer: what.layer, id: String(what.id) };
  remember();
  if (what.geometry) map2d.showSelected({ type: "Feature", properties: shown.properties, geometry: what.geometry });
  emit("tab", "feature");
  draw();
  if (!layer || what.id === undefined || what.id === null) return;
  try {
    const whole = await api.feature(layer.id, what.id);
    if (mine !== ticket) return;
    Object.assign(shown, { properties: { ...shown.properties, ...whole.properties }, geometry: whole.geometry || shown.geometry, full: true });
    if (shown.geometry) map2d.showSelected({ type: "Feature", properties: shown.properties, geometry: shown.geometry });
  } catch (error) {
    if (mine !== ticket) return;
    shown.reason = error.message;
  }
  draw();
  emit("feature", shown);
}

function draw() {
  if (!shown) return fill(panel, h("div", { class: "empty" }, icon("cursor"), t("noFeature")));
  if (shown.live) return drawSensor();
  const { layer, id, properties } = shown;
  const middle = centre(shown.geometry) || shown.at;
  fill(panel,
    h("div", { class: "feature-head" }, h("h3", { id: "feature-title" }, label(layer, properties, id)), idLine(id)),
    h("div", { class: "actions" },
      h("button", { class: "btn", disabled: !shown.geometry && !middle, onclick: () => emit("fly", shown.geometry || { type: "Point", coordinates: middle }) }, t("fly")),
      h("button", { class: "btn", disabled: !middle, onclick: () => { emit("tab", "radius"); emit("pin", middle); } }, t("aroundHere")),
      h("button", { class: "btn", onclick: () => emit("select", null) }, t("close"))),
    h("div", { class: "scroll" }, table(rows(layer, properties, middle)),
      shown.reason && h("p", { class: "note" }, t("partial", shown.reason))));
}

function idLine(id) {
  const code = h("code", { id: "feature-id" }, String(id ?? "—"));
  const copy = h("button", {
    class: "icon-btn", title: t("copy"), "aria-label": t("copy"),
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(String(id));
        note(t("copied"));
        setTimeout(() => note(""), 1200);
      } catch {
        getSelection().selectAllChildren(code); // no clipboard permission: leave it selected for Ctrl+C
      }
    },
  }, icon("copy"));
  return h("div", { class: "feature-id" }, t("id"), code, copy);
}

function rows(layer, properties, middle) {
  const list = [];
  const seen = new Set(["fid_"]);
  if (layer) list.push([t("layer"), title(layer.title, layer.id)], [t("department"), layer.department || "—"]);
  const depth = shown.model && shown.model.kind === "pipes" ? depthAt(shown.geometry, properties, shown.at) : null;
  if (depth !== null) list.push([t("depthRow"), number(depth, 2), "m"]);
  if (shown.model) list.push([t("model"), title(shown.model.title, shown.model.id)]);
  for (const field of (layer && layer.fields) || []) {
    seen.add(field.name);
    if (properties[field.name] === undefined || properties[field.name] === null || properties[field.name] === "") continue;
    list.push([title(field.title, field.name), text(properties[field.name], field), field.unit]);
  }
  if (properties.code) list.push([t("code"), String(properties.code)]);
  const copies = shown.full && shown.model ? new Set(Object.keys(shown.tile)) : new Set(); // what the tile repeats
  for (const [name, value] of Object.entries(properties)) {
    if (name === "code" || copies.has(name) || seen.has(name) || name === "id" || name.startsWith("twin:") || value === null || value === "" || typeof value === "object") continue;
    list.push([name, text(value, null)]);
  }
  if (middle) list.push([t("position"), middle.slice(0, 2).map((v) => v.toFixed(6)).join(", ")]);
  return list;
}

function text(value, field) {
  if (typeof value === "number") return field && field.type === "integer" ? String(value) : number(value, 3);
  if (typeof value === "boolean") return value ? "✓" : "✗";
  return String(value);
}

const table = (list) => h("table", { class: "attrs" }, h("tbody", {}, list.map(([name, value, unit]) =>
  h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value, unit && h("span", { class: "unit" }, unit))))));

function drawSensor() {
  const sensor = live.sensors.get(shown.live);
  if (!sensor) return fill(panel, h("div", { class: "empty" }, `${shown.live}: ${t("noSensor")}`));
  const list = [[t("kind"), kindName(sensor.kind)], [t("lastUpdate", ""), clock(sensor.time)]];
  for (const [name, value] of Object.entries(sensor.values)) list.push([reading(name), text(value, null)]);
  for (const [name, value] of Object.entries(sensor.properties)) {
    if (["id", "kind", "t", "values", "name"].includes(name) || value === null || typeof value === "object") continue;
    list.push([name, text(value, null)]);
  }
  if (sensor.to) list.push([t("position"), sensor.to.map((v) => v.toFixed(6)).join(", ")]);
  fill(panel,
    h("div", { class: "feature-head" }, h("h3", { id: "feature-title" }, sensor.name), idLine(sensor.id)),
    h("div", { class: "actions" },
      h("button", { class: "btn", disabled: !sensor.to, onclick: () => emit("fly", { type: "Point", coordinates: sensor.to }) }, t("fly")),
      h("button", { class: "btn", disabled: !sensor.to, onclick: () => { emit("tab", "radius"); emit("pin", sensor.to); } }, t("aroundHere")),
      h("button", { class: "btn", onclick: () => emit("select", null) }, t("close"))),
    h("div", { class: "scroll" }, table(list)));
}

function centre(geometry) {
  if (!geometry) return null;
  const [west, south, east, north] = bounds(geometry);
  return [(west + east) / 2, (south + north) / 2];
}
