// SPDX-License-Identifier: Apache-2.0
// Buildings coloured by an attribute. Classes, colours and counts are the server's thematic legend, as on the 2D map.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import { lang, number, t, title } from "../i18n.js";
import { state } from "../state.js";

const IN_TILES = ["height", "floors", "ground"]; // numbers that every building tile carries
const MOST = 100000; // features of a layer whose texts are asked for by id
const PAGE = 10000;
let ctx = null;
let redraw = null;
let field = null;
let legend = null;
let problem = null;
let mode = "3d";
let ticket = 0;

export function start(context, draw) {
  ctx = context;
  redraw = draw;
}

export const active = () => field !== null;

export function entered(view) {
  mode = view;
  paint();
}

export function open() {
  const first = fields()[0];
  if (!field && first) choose(first.name);
}

/** The layer that the building model shows. */
function layer() {
  const entry = ctx.models.find(({ model }) => model.kind === "buildings");
  const ids = entry ? [entry.model.layer, ...(entry.model.layers || []), entry.model.id] : [];
  return ctx.city.layers.find((l) => ids.includes(l.id)) || ctx.city.layers.find((l) => l.id === "buildings");
}

function fields() {
  const all = (layer() && layer().fields) || [];
  const numbers = IN_TILES.map((name) => all.find((f) => f.name === name)).filter(Boolean);
  const texts = layer() && layer().count <= MOST ? all.filter((f) => f.type === "string" && !["name", "address"].includes(f.name)) : [];
  return [...numbers, ...texts];
}

async function choose(name) {
  const mine = (ticket += 1);
  field = name || null;
  legend = problem = null;
  if (field) {
    try {
      const found = (await api.style(lang(), state.theme, { layer: layer().id, field })).metadata["twin:legend"];
      const ids = found.entries.some((e) => e.value !== undefined) ? await classesById(found) : null;
      if (mine !== ticket) return;
      legend = { ...found, ids };
    } catch (error) {
      if (mine !== ticket) return;
      problem = error.message;
    }
  }
  paint();
  redraw();
}

/** Which colour each feature has, for texts that the tiles do not carry: id -> colour. */
async function classesById(found) {
  const colours = new Map();
  for (const entry of found.entries) {
    let cursor;
    do {
      const page = await api.ask({ layers: [found.layer], filter: { op: "=", args: [{ property: found.field }, entry.value] }, output: "ids", limit: PAGE, ...(cursor ? { cursor } : {}) });
      for (const { id } of page.layers[0].features) colours.set(String(id), entry.color);
      cursor = page.cursor;
    } while (cursor);
  }
  return colours;
}

function style() {
  const { C } = ctx;
  if (legend.ids) {
    const known = new Map([...new Set(legend.ids.values()), legend.other.color].map((c) => [c, C.Color.fromCssColorString(c)]));
    const made = new C.Cesium3DTileStyle();
    const colourOf = (feature) => known.get(legend.ids.get(String(feature.getProperty("id"))) || legend.other.color);
    made.color = { evaluateColor: (feature, result) => C.Color.clone(colourOf(feature), result) };
    return made;
  }
  const last = legend.entries.length - 1;
  const conditions = legend.entries.map((entry, i) => [i === last ? "true" : `\${${legend.field}} < ${entry.to}`, `color("${entry.color}")`]);
  return new C.Cesium3DTileStyle({ color: { conditions } });
}

function paint() {
  if (mode === "underground") return;
  for (const { model, tileset } of ctx.models) {
    if (model.kind !== "buildings") continue;
    tileset.style = legend ? style() : undefined;
    tileset.colorBlendMode = legend ? ctx.C.Cesium3DTileColorBlendMode.REPLACE : ctx.C.Cesium3DTileColorBlendMode.HIGHLIGHT;
  }
  ctx.scene.requestRender();
}

const words = (entry) => (entry.value !== undefined ? entry.value : `${number(entry.from, 1)} – ${number(entry.to, 1)}`);

export function panel() {
  const select = h("select", { class: "field", id: "colour-field", onchange: (event) => choose(event.target.value) },
    h("option", { value: "", selected: !field }, t("thematicNone")),
    fields().map((f) => h("option", { value: f.name, selected: f.name === field }, title(f.title, f.name))));
  const unit = legend && legend.unit ? ` (${legend.unit})` : "";
  return [
    h("label", { class: "form-row" }, h("span", { class: "lbl" }, t("field")), select),
    problem && h("p", { class: "problem", role: "alert" }, problem),
    field && !legend && !problem && h("p", { class: "mute" }, t("querying")),
    legend && fill(h("ul", { class: "ramp", id: "colour-legend", "aria-label": t("legend") }),
      h("li", { class: "mute" }, `${title(legend.title, legend.layer)} · ${title(legend.fieldTitle, legend.field)}${unit}`),
      legend.entries.map((entry) => h("li", {}, h("span", { class: "swatch", style: { background: entry.color }, "aria-hidden": "true" }),
        h("span", { class: "name" }, words(entry)), h("b", {}, number(entry.count))))),
  ];
}
