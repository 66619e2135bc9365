// SPDX-License-Identifier: Apache-2.0
// The thematic map: which field colours which layer, and the legend that the server counted.

import { fill, h } from "./dom.js";
import { number, onLang, t, title } from "./i18n.js";
import { on, state } from "./state.js";

/** The picker, which the layer panel shows. */
export const element = h("details", { class: "thematic", id: "thematic" });
const METHODS = [["", "methodAuto"], ["quantile", "methodQuantile"], ["equal", "methodEqual"], ["jenks", "methodJenks"]];

let city = null;
let choose = null;
let legend = null;

/** `apply(question)` shows a thematic map, or none for null. */
export function start(theCity, apply) {
  city = theCity;
  choose = apply;
  element.open = Boolean(state.thematic);
  const box = h("div", { class: "legend2d", id: "legend2d", hidden: true });
  document.getElementById("stage").append(box);
  on("style", (style) => {
    legend = style.metadata["twin:legend"] || null;
    draw();
    drawLegend(box);
  });
  on("view", () => drawLegend(box));
  onLang(() => { draw(); drawLegend(box); });
}

const layersWithFields = () => city.layers.filter((layer) => layer.count && (layer.fields || []).length);

/** The field with which a layer is shown first: a measure before a name. */
const firstField = (layer) => layer.fields.find((f) => ["real", "integer"].includes(f.type)) || layer.fields.find((f) => /type|kind|class|status|material/.test(f.name)) || layer.fields[0];

function draw() {
  const question = state.thematic;
  const layer = question && city.layers.find((candidate) => candidate.id === question.layer);
  const select = (id, label, options, value, change) => h("label", { class: "form-row" }, h("span", { class: "lbl" }, label),
    h("select", { class: "field", id, onchange: (event) => change(event.target.value) },
      options.map(([v, text]) => h("option", { value: v, selected: String(v) === String(value) }, text))));
  const rows = [select("thematic-layer", t("layer"), [["", t("thematicNone")], ...layersWithFields().map((l) => [l.id, title(l.title, l.id)])],
    layer ? layer.id : "", (id) => {
      const chosen = city.layers.find((candidate) => candidate.id === id);
      choose(chosen ? { layer: id, field: firstField(chosen).name, method: null, classes: null } : null);
    })];
  if (layer) {
    rows.push(select("thematic-field", t("field"), layer.fields.map((f) => [f.name, title(f.title, f.name)]), question.field,
      (field) => choose({ ...question, field, method: null, classes: null })));
    const field = layer.fields.find((f) => f.name === question.field);
    if (field && ["real", "integer"].includes(field.type)) {
      rows.push(select("thematic-method", t("method"), METHODS.map(([v, key]) => [v, t(key)]), question.method || "",
        (method) => choose({ ...question, method: method || null })));
      rows.push(select("thematic-classes", t("classCount"), [["", t("classAuto")], ...[3, 4, 5, 6, 7, 8, 9].map((n) => [n, n])], question.classes || "",
        (classes) => choose({ ...question, classes: Number(classes) || null })));
    }
  }
  fill(element, h("summary", {}, t("thematic")), h("div", { class: "pad" }, rows));
}

/** What an entry stands for. A class ends before the next one begins, which whole numbers show: 1 – 3, 4 – 7. */
function words(entry, index) {
  if (entry.value !== undefined) return { true: t("yes"), false: t("no") }[entry.value] || entry.value;
  const layer = city.layers.find((candidate) => candidate.id === legend.layer);
  const field = layer && layer.fields.find((f) => f.name === legend.field);
  const whole = field && field.type === "integer";
  const from = whole ? Math.ceil(entry.from) : entry.from;
  const to = whole && index < legend.entries.length - 1 ? Math.ceil(entry.to) - 1 : entry.to;
  return from >= to ? number(from, 2) : `${number(from, 2)} – ${number(to, 2)}`;
}

function drawLegend(box) {
  box.hidden = !legend || !["2d", "2.5d"].includes(state.view);
  if (!legend) return;
  const line = (color, text, count, hatched) => h("li", {},
    h("span", { class: "swatch" + (hatched ? " hatched" : ""), style: { background: color }, "aria-hidden": "true" }), h("span", { class: "name" }, text), h("b", {}, number(count)));
  fill(box, h("h4", {}, `${title(legend.title, legend.layer)} · ${title(legend.fieldTitle, legend.field)}`, legend.unit && h("span", { class: "mute" }, ` (${legend.unit})`)),
    h("ul", {}, legend.entries.map((entry, index) => line(entry.color, words(entry, index), entry.count)),
      legend.other.count > 0 && line(legend.other.color, t("otherValues", number(legend.other.values)), legend.other.count),
      legend.missing.count > 0 && line(legend.missing.color, t("noValue"), legend.missing.count, true)));
}
