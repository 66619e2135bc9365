// SPDX-License-Identifier: Apache-2.0
// The attribute table: a layer's features in pages, filtered by conditions, shown on the map, saved as files.

import * as api from "../api.js";
import { fill, h, icon } from "../dom.js";
import { asCSV, asGeoJSON } from "../exports.js";
import { number, onLang, t, title } from "../i18n.js";
import * as map2d from "../map2d.js";
import { emit, on, remember, state } from "../state.js";

const PAGE = 50;
const MOST = 100000; // features saved at once
const SIGNS = { string: ["=", "<>", "has", "null"], boolean: ["=", "null"], other: ["=", "<>", "<", "<=", ">", ">=", "null"] };
let city = null;
let dock = null;
let tint = null;
let conditions = []; // {field, sign, value}
let here = false; // only what the map shows
let cursors = []; // of the pages before
let cursor = null;
let page = null;
let problem = null;
let busy = false;
let ticket = 0;
let form = null; // {key, nodes} of the condition being typed: an answer that arrives meanwhile must not clear it

/** `thematic(question)` colours a layer by a field. */
export function start(theCity, thematic) {
  city = theCity;
  tint = thematic;
  dock = h("section", { class: "dock", id: "dock", hidden: true });
  document.getElementById("stage").append(dock);
  onLang(draw);
  on("table", (layer) => open(layer));
  on("bounds", () => here && state.table && first());
  if (state.table) open(state.table);
}

export function open(id) {
  const known = city.layers.find((layer) => layer.id === id && layer.count);
  conditions = known && id === state.table ? conditions : [];
  state.table = known ? id : null;
  remember();
  if (!known) {
    map2d.showHits([]);
    dock.hidden = true;
    emit("dock", false);
    return;
  }
  dock.hidden = false;
  emit("dock", true);
  first();
}

const layer = () => city.layers.find((candidate) => candidate.id === state.table);
const fieldOf = (name) => layer().fields.find((f) => f.name === name) || { name, type: "string" };
const literal = (field, text) => (["integer", "real"].includes(field.type) ? Number(text) : field.type === "boolean" ? text === "true" : text);

/** A condition as CQL2 JSON. */
function predicate({ field, sign, value }) {
  const property = { property: field };
  if (sign === "null") return { op: "isNull", args: [property] };
  if (sign === "has") return { op: "like", args: [{ op: "casei", args: [property] }, { op: "casei", args: [`%${value.replace(/[\\%_]/g, "\\$&")}%`] }] };
  const found = fieldOf(field);
  return { op: sign, args: [property, found.type === "date" ? { date: value } : literal(found, value)] };
}

function question(more) {
  const parts = conditions.map(predicate);
  return {
    layers: [state.table], order: "id", ...(here ? { region: { bbox: map2d.box() } } : {}),
    ...(parts.length ? { filter: parts.length > 1 ? { op: "and", args: parts } : parts[0] } : {}), ...more,
  };
}

function first() {
  cursors = [];
  cursor = null;
  return load();
}

async function load() {
  const mine = (ticket += 1);
  busy = true;
  problem = null;
  draw();
  try {
    const answer = await api.ask(question({ limit: PAGE, ...(cursor ? { cursor } : {}) }));
    if (mine !== ticket) return;
    page = { total: answer.total, features: answer.layers[0].features, next: answer.cursor || null, elapsed: answer.elapsedMs };
    map2d.showHits(conditions.length || here ? page.features.map(mark) : []);
  } catch (error) {
    if (mine !== ticket) return;
    problem = error.message;
  }
  busy = false;
  draw();
}

const mark = (f) => ({ ...f, properties: { ...f.properties, "twin:layer": state.table, "twin:id": f.id, ...(layer().geometry === "polygon" ? { "twin:area": true } : {}) } });

/** Every feature that passes, page by page. */
async function all() {
  const features = [];
  let next = null;
  do {
    const answer = await api.ask(question({ limit: 10000, ...(next ? { cursor: next } : {}) }));
    features.push(...answer.layers[0].features);
    next = answer.cursor;
  } while (next);
  return features;
}

async function save(kind) {
  if (page.total > MOST) {
    problem = t("tableTooMany", number(MOST));
    return draw();
  }
  try {
    const features = await all();
    const names = columns().map((c) => c.name);
    if (kind === "geojson") asGeoJSON(state.table, features);
    else asCSV(state.table, ["id", ...names], features.map((f) => [f.id, ...names.map((name) => f.properties[name])]));
  } catch (error) {
    problem = error.message;
    draw();
  }
}

/** The permanent code, where features have one, then the fields. */
const columns = () => [
  ...(page && page.features.some((f) => f.properties.code !== undefined) ? [{ name: "code", title: t("code"), type: "string" }] : []), ...layer().fields];

function conditionForm() {
  const key = `${state.table} ${t("tableAdd")}`;
  if (form?.key !== key) form = { key, nodes: newConditionForm() };
  return form.nodes;
}

function newConditionForm() {
  const fields = [...layer().fields];
  const value = h("input", { class: "field", id: "table-value", "aria-label": t("tableValue"), placeholder: t("tableValue"), onkeydown: (event) => event.key === "Enter" && add() });
  const sign = h("select", { class: "field", id: "table-sign", "aria-label": t("tableSign") });
  const signs = () => fill(sign, (SIGNS[fieldOf(field.value).type] || SIGNS.other).map((s) => h("option", { value: s }, t(`sign_${s}`) === `sign_${s}` ? s : t(`sign_${s}`))));
  const field = h("select", { class: "field", id: "table-field", "aria-label": t("field"), onchange: signs }, fields.map((f) => h("option", { value: f.name }, title(f.title, f.name))));
  if (fields.length) signs();
  const add = () => {
    if (sign.value !== "null" && !value.value.trim()) return value.focus();
    conditions.push({ field: field.value, sign: sign.value, value: value.value.trim() });
    value.value = "";
    return first();
  };
  return [field, sign, value, h("button", { class: "btn primary", id: "table-add", onclick: add }, t("tableAdd"))];
}

const words = ({ field, sign, value }) => `${title(fieldOf(field).title, field)} ${t(`sign_${sign}`) === `sign_${sign}` ? sign : t(`sign_${sign}`)}${sign === "null" ? "" : ` ${value}`}`;

function draw() {
  if (!dock || !state.table) return;
  const focused = dock.contains(document.activeElement) && document.activeElement.id;
  const choices = city.layers.filter((l) => l.count && l.fields.length);
  fill(dock,
    h("div", { class: "dock-head" },
      h("select", { class: "field", id: "table-layer", "aria-label": t("layer"), onchange: (event) => { conditions = []; open(event.target.value); } },
        choices.map((l) => h("option", { value: l.id, selected: l.id === state.table }, title(l.title, l.id)))),
      conditionForm(),
      h("label", { class: "check" }, h("input", { type: "checkbox", id: "table-here", checked: here, onchange: (event) => { here = event.target.checked; first(); } }), t("tableHere")),
      h("span", { class: "grow" }),
      h("button", { class: "icon-btn", id: "table-close", title: t("close"), "aria-label": t("close"), onclick: () => open(null) }, "✕")),
    conditions.length > 0 && h("div", { class: "chips pad-x" }, conditions.map((condition, i) => h("button", { class: "chip", "aria-pressed": "true", "data-condition": i,
      title: t("tableRemove"), onclick: () => { conditions.splice(i, 1); first(); } }, `${words(condition)} ✕`))),
    problem && h("p", { class: "problem", role: "alert" }, problem),
    page && grid(),
    foot());
  if (focused) document.getElementById(focused)?.focus();
}

function grid() {
  const list = columns();
  const numeric = (c) => ["integer", "real"].includes(c.type);
  const head = h("tr", {}, h("th", { scope: "col", class: "n" }, t("id")), list.map((c) => h("th", { scope: "col", class: numeric(c) ? "n" : "" }, title(c.title, c.name), c.unit && h("span", { class: "unit" }, ` ${c.unit}`),
    c.name !== "code" && h("button", { class: "icon-btn", title: t("tableTint"), "aria-label": `${t("tableTint")}: ${title(c.title, c.name)}`, "data-tint": c.name,
      onclick: () => tint({ layer: state.table, field: c.name, method: null, classes: null }) }, icon("palette")))));
  const text = (value, c) => (value === null || value === undefined ? "" : typeof value === "number" ? (c.type === "integer" ? String(value) : number(value, 3)) : String(value));
  const row = (f) => h("tr", { tabindex: 0, "data-feature": f.id, onclick: () => choose(f), onkeydown: (event) => event.key === "Enter" && choose(f) },
    h("td", { class: "n" }, String(f.id)), list.map((c) => h("td", { class: numeric(c) ? "n" : "" }, text(f.properties[c.name], c))));
  return h("div", { class: "dock-scroll", id: "table-scroll" }, h("table", { class: "grid", "aria-busy": String(busy) }, h("thead", {}, head), h("tbody", {}, page.features.map(row))),
    !page.features.length && h("p", { class: "note" }, t("tableNone")));
}

function choose(feature) {
  emit("select", { layer: state.table, id: feature.id, properties: feature.properties, geometry: feature.geometry });
  emit("fly", feature.geometry);
  for (const row of dock.querySelectorAll("tr.on")) row.classList.remove("on");
  dock.querySelector(`[data-feature="${feature.id}"]`)?.classList.add("on");
}

function foot() {
  if (!page) return h("p", { class: "note" }, t("querying"));
  const from = cursors.length * PAGE;
  const turn = (id, key, disabled, action) => h("button", { class: "btn", id, disabled: disabled || busy, onclick: action }, t(key));
  return h("div", { class: "dock-foot", role: "status" },
    h("b", { id: "table-total", "data-total": page.total }, t("total", number(page.total))),
    page.features.length > 0 && h("span", { class: "mute", id: "table-range" }, t("tableRange", number(from + 1), number(from + page.features.length))),
    page.elapsed !== undefined && h("span", { class: "mute" }, t("elapsed", number(page.elapsed, 1))), h("span", { class: "grow" }),
    h("button", { class: "btn", id: "table-geojson", disabled: !page.total, onclick: () => save("geojson") }, t("exportGeo")),
    h("button", { class: "btn", id: "table-csv", disabled: !page.total, onclick: () => save("csv") }, t("exportCsv")),
    turn("table-prev", "tablePrev", !cursors.length, () => { cursor = cursors.pop(); load(); }),
    turn("table-next", "tableNext", !page.next, () => { cursors.push(cursor); cursor = page.next; load(); }));
}
