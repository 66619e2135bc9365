// SPDX-License-Identifier: Apache-2.0
// A form for the inputs of an analysis, made from the JSON Schemas of its description.

import * as api from "../api.js";
import { draw, stop } from "../draw.js";
import { h } from "../dom.js";
import { editor, edits } from "./editor.js";
import { complete } from "./schemas.js";
import { has, number, t, title } from "../i18n.js";
import * as map2d from "../map2d.js";
import { state } from "../state.js";
import { bounds } from "../style.js";

/** The alternatives of a schema, also those inside alternatives. */
const alternatives = (schema) => (schema.oneOf || schema.anyOf ? (schema.oneOf || schema.anyOf).flatMap(alternatives) : [schema]);

/** What kind of field a schema asks for. */
export function kindOf(schema) {
  const choices = alternatives(schema);
  const polygon = choices.some((s) => s.properties && s.properties.type && (s.properties.type.enum || []).includes("Polygon"));
  const layer = choices.some((s) => s.properties && s.properties.layer);
  if (polygon && layer) return choices.some((s) => s.properties && s.properties.id) ? "parcel" : "layerOrPolygon";
  if (polygon) return "polygon";
  if (schema.type === "array" && schema.items) return kindOf(schema.items) === "layer" ? "layers" : "json";
  if (layer && choices.some((s) => s.type === "string")) return "layer";
  if (schema.enum) return "enum";
  if (Array.isArray(schema.type)) return schema.type.includes("string") ? "text" : kindOf({ ...schema, type: schema.type[0] });
  return { number: "number", integer: "number", boolean: "boolean", string: "text" }[schema.type] || "json";
}

/** A text or a list of texts that names layers, which only its description tells. */
function kindOfInput(input) {
  const isText = (schema) => schema && schema.type === "string" && !schema.enum;
  if (isText(input.schema) && /^(a|the|another) layer\b/.test(input.description || "")) return "layer";
  if (input.schema.type === "array" && isText(input.schema.items) && /\blayers\b/.test(input.description || "")) return "layers";
  return kindOf(input.schema);
}

const label = (name, input) => (has(`input_${name}`) ? t(`input_${name}`) : input.title || name);

/** The form of a process. Returns {element, values()}; `values` throws with a reason a person can act on. */
export function form(city, process) {
  const fields = Object.entries(process.inputs || {}).map(([name, input]) => ({ name, input, ...make(city, name, input) }));
  const plain = fields.filter((f) => f.input.minOccurs > 0 || ["parcel", "polygon", "layers", "layer"].includes(kindOf(f.input.schema)) || f.input.description?.includes("moment"));
  const rest = fields.filter((f) => !plain.includes(f));
  const row = (f) => h("div", { class: "input", "data-input": f.name, title: f.input.description || "" },
    h("div", { class: "input-name", id: `label-${f.name}` }, label(f.name, f.input), f.input.minOccurs > 0 && h("span", { class: "must", title: t("inputMust") }, " *")), f.element);
  const element = h("div", { class: "pad inputs" }, plain.map(row), rest.length > 0 && h("details", {}, h("summary", {}, t("inputMore")), rest.map(row)));
  const values = () => {
    const inputs = {};
    for (const f of fields) {
      const value = f.value();
      if (value !== undefined) inputs[f.name] = value;
      else if (f.input.minOccurs > 0) throw new Error(t("inputMissing", label(f.name, f.input)));
    }
    return inputs;
  };
  return { element, values, set: (name, value) => fields.find((f) => f.name === name)?.set?.(value) };
}

function make(city, name, input) {
  const { schema } = input;
  const areas = city.layers.filter((l) => l.geometry === "polygon" && l.count);
  const filled = city.layers.filter((l) => l.count);
  const fitting = /polygon/i.test(input.description || "") ? areas : filled;
  switch (kindOfInput(input)) {
    case "parcel": return geometry(city, true);
    case "polygon": return geometry(city, false);
    case "layers": return checklist(name, schema.maxItems && schema.maxItems <= 8 ? areas.filter((l) => !l.base) : filled, input.minOccurs > 0);
    case "layer": return select(name, [["", "—"], ...fitting.map((l) => [l.id, title(l.title, l.id)])], "");
    case "layerOrPolygon": {
      const [whole, shape] = [select(name, [["", "—"], ...filled.map((l) => [l.id, title(l.title, l.id)])], ""), geometry(city, false)];
      return { element: h("div", {}, whole.element, shape.element), value: () => shape.value() ?? whole.value(), set: shape.set };
    }
    case "enum": return select(name, schema.enum.map((v) => [v, has(`choice_${v}`) ? t(`choice_${v}`) : String(v)]), schema.default ?? "");
    case "boolean": {
      const box = h("input", { type: "checkbox", checked: schema.default === true, "aria-labelledby": `label-${name}` });
      return { element: box, value: () => (box.checked === (schema.default === true) ? undefined : box.checked) };
    }
    case "number": {
      const box = h("input", { class: "field", type: "number", min: schema.minimum, max: schema.maximum, step: "any", placeholder: schema.default ?? "", "aria-labelledby": `label-${name}` });
      return { element: box, value: () => (box.value === "" ? undefined : Number(box.value)) };
    }
    case "text": {
      const box = h("input", { class: "field", placeholder: schema.default ?? "", "aria-labelledby": `label-${name}` });
      const isNumber = Array.isArray(schema.type) && schema.type.includes("integer");
      return { element: box, value: () => (isNumber && /^\d+$/.test(box.value.trim()) ? Number(box.value) : box.value.trim() || undefined) };
    }
    default: {
      const whole = complete(name, schema);
      return edits(whole) ? table(city, name, whole) : json(name);
    }
  }
}

function select(name, options, value) {
  const element = h("select", { class: "field", "aria-labelledby": `label-${name}`, id: `input-${name}` }, options.map(([v, text]) => h("option", { value: v, selected: v === value }, text)));
  return { element, value: () => element.value || undefined };
}

function checklist(name, layers, must) {
  const chosen = new Set(must ? layers.slice(0, 2).map((l) => l.id) : []);
  const element = h("div", { class: "chips", role: "group", "aria-labelledby": `label-${name}` }, layers.map((l) => h("button", { class: "chip", type: "button", "data-layer-chip": l.id, "aria-pressed": String(chosen.has(l.id)),
    onclick: (event) => {
      if (chosen.has(l.id)) chosen.delete(l.id);
      else chosen.add(l.id);
      event.currentTarget.setAttribute("aria-pressed", String(chosen.has(l.id)));
    } }, title(l.title, l.id))));
  return { element, value: () => (chosen.size ? [...chosen] : undefined) };
}

/** Fields for an object or a list, and the same as JSON for those who have it in a file. */
function table(city, name, schema) {
  const made = editor({ city, layer: () => document.getElementById("input-candidates")?.value }, name, schema);
  const text = json(name);
  const whole = h("details", { class: "as-json" }, h("summary", {}, "JSON"), text.element);
  whole.addEventListener("toggle", () => whole.open && (text.element.value = made.value() === undefined ? "" : JSON.stringify(made.value(), null, 1)));
  text.element.addEventListener("change", () => {
    try {
      made.set(text.value());
      text.element.setCustomValidity("");
    } catch (error) {
      text.element.setCustomValidity(error.message);
      text.element.reportValidity();
    }
  });
  const value = () => {
    if (text.element.validationMessage) throw new Error(text.element.validationMessage);
    return made.value();
  };
  return { element: h("div", { class: "edit" }, made.element, whole), value, set: (next) => made.set(next.value) };
}

function json(name) {
  const box = h("textarea", { class: "field json", rows: 3, spellcheck: "false", placeholder: "JSON", "aria-labelledby": `label-${name}` });
  return { element: box, value: () => {
    if (!box.value.trim()) return undefined;
    try {
      return JSON.parse(box.value);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`);
    }
  } };
}

let unpick = null; // gives up picking

/** The area at a place: of a layer of parcels first, then of the layers that are shown, the smaller one. Null where there is none. */
async function areaAt(city, at) {
  const areas = city.layers.filter((l) => l.geometry === "polygon" && l.count);
  const rank = (l) => (/parcel/.test(l.id) ? 0 : state.layers.has(l.id) && !l.base ? 1 : l.base ? 3 : 2);
  const found = await api.radius(at, 0, areas.map((l) => l.id), 5);
  const size = (f) => { const [w, s, e, n] = bounds(f.geometry); return (e - w) * (n - s); };
  const hits = found.layers.flatMap((g) => g.features.map((feature) => ({ layer: areas.find((l) => l.id === g.id), feature })));
  return hits.sort((a, b) => rank(a.layer) - rank(b.layer) || size(a.feature) - size(b.feature))[0] || null;
}

/** A polygon that is drawn, or (where `chosen`) a feature that is clicked. */
function geometry(city, chosen) {
  let value;
  const words = h("span", { class: "mute chosen" }, t("inputNone"));
  const put = (next, text, shape) => {
    value = next;
    words.textContent = text;
    map2d.showSelected(shape ? { type: "Feature", properties: {}, geometry: shape } : null);
  };
  const pick = h("button", { class: "btn", type: "button", "data-pick": "", "aria-pressed": "false", onclick: () => (unpick ? unpick() : start()) }, t("inputPick"));
  const mark = (on) => {
    pick.setAttribute("aria-pressed", String(on));
    pick.classList.toggle("on", on);
  };
  const start = () => {
    stop();
    mark(true);
    words.textContent = t("inputPickHint");
    unpick = () => {
      unpick = null;
      mark(false);
      map2d.capture(null);
    };
    map2d.capture({ click: choose, move: () => {}, finish: () => {} });
  };
  const choose = async (at) => {
    try {
      const hit = await areaAt(city, at);
      if (!hit) return void (words.textContent = t("inputNoArea"));
      unpick?.();
      const { layer, feature } = hit;
      const name = feature.properties.name || feature.properties.code || feature.id;
      put(chosen ? { layer: layer.id, id: feature.id } : feature.geometry, `${title(layer.title, layer.id)} ${name}`, feature.geometry);
    } catch (error) {
      words.textContent = error.message;
    }
  };
  const drawn = async () => {
    unpick?.();
    const shape = await draw("Polygon");
    if (shape) put(shape, t("inputDrawn", number(shape.coordinates[0].length - 1)), shape);
  };
  const element = h("div", { class: "geometry" }, h("div", { class: "row" }, pick, h("button", { class: "btn", type: "button", "data-draw": "", onclick: drawn }, t("inputDraw")),
    h("button", { class: "btn", type: "button", onclick: () => { const [w, s, e, n] = map2d.box(); const ring = [[w, s], [e, s], [e, n], [w, n], [w, s]]; put({ type: "Polygon", coordinates: [ring] }, t("inputView"), null); } }, t("inputView"))), words);
  return { element, value: () => value, set: (next) => put(next.value, next.text, next.geometry), box: () => value && value.coordinates && bounds(value) };
}

/** Ends picking and drawing, when the form goes away. */
export function release() {
  unpick?.();
  stop();
}
