// SPDX-License-Identifier: Apache-2.0
// Editors for the inputs of analyses that are objects and lists, made from their JSON Schema: groups, rows, pairs, choices.

import { fill, h } from "../dom.js";
import { has, t, title } from "../i18n.js";

let count = 0;
const word = (name, schema) => (has(`input_${name}`) ? t(`input_${name}`) : has(`key_${name}`) ? t(`key_${name}`) : (schema && schema.title) || name);
const isLayerReference = (schema) => (schema.oneOf || []).some((s) => s.type === "string") && (schema.oneOf || []).some((s) => s.properties && s.properties.layer);
const isPair = (schema) => schema.type === "array" && schema.minItems === 2 && schema.maxItems === 2;
/** A choice between a number or text and an object, told apart by their types. */
const isUnion = (schema) => schema.oneOf.every((s) => edits(s)) && new Set(schema.oneOf.map((s) => s.type)).size === schema.oneOf.length;
const constant = (schema) => Object.entries(schema.properties || {}).find(([, s]) => s.const !== undefined);

/** Whether `editor` has fields for a schema; if not, the input is a text box for JSON. */
export function edits(schema) {
  if (schema.oneOf) return schema.oneOf.every((s) => constant(s)) || isLayerReference(schema) || isUnion(schema);
  if (schema.type === "array") return Boolean(schema.items) && (isPair(schema) || ["string", "number", "integer"].includes(schema.items.type) || edits(schema.items));
  if (schema.type === "object") return Boolean(schema.properties && !schema.properties.coordinates) || Boolean(schema.additionalProperties && schema.additionalProperties.type);
  return ["string", "number", "integer", "boolean"].includes(schema.type) || Boolean(schema.enum);
}

/**
 * An editor of a value: {element, value(), set(value)}. `value()` is undefined where nothing is filled in.
 * `scope`: {city, layer(): the id of the layer whose fields are meant}.
 */
export function editor(scope, name, schema) {
  if (schema.oneOf && !isLayerReference(schema)) return variants(scope, schema);
  if (isLayerReference(schema) || name === "layer") return layer(scope, name);
  if (schema.enum) return choice(name, schema.enum.map((v) => [v, has(`choice_${v}`) ? t(`choice_${v}`) : String(v)]));
  if (schema.type === "boolean") return choice(name, [["true", t("yes")], ["false", t("no")]], (text) => text === "true");
  if (isPair(schema)) return pair(scope, name, schema);
  if (schema.type === "array" && ["string", "number", "integer"].includes(schema.items.type)) return words(scope, name, schema);
  if (schema.type === "array") return rows(scope, name, schema);
  if (schema.properties) return group(scope, name, schema);
  if (schema.additionalProperties) return entries(scope, name, schema);
  return plain(scope, name, schema);
}

/** A list of suggestions below a text box. */
function suggest(box, texts) {
  const id = `suggest-${(count += 1)}`;
  box.setAttribute("list", id);
  return h("datalist", { id }, texts.map(([value, text]) => h("option", { value }, text)));
}

/** Classes that plans are coloured by, for boxes that ask for one. */
function classes(city) {
  const found = new Map([["*", t("editAny")]]);
  for (const l of city.layers) {
    if (l.geometry !== "polygon" || l.base) continue;
    for (const value of Object.keys((l.style && l.style.by && l.style.by.values) || {})) found.set(value, title(l.title, l.id));
  }
  return [...found];
}

function plain(scope, name, schema) {
  const isNumber = schema.type === "number" || schema.type === "integer";
  const box = h("input", { class: "field", type: isNumber ? "number" : "text", step: "any", min: schema.minimum, max: schema.maximum, "data-edit": name, placeholder: schema.default ?? "", "aria-label": word(name, schema) });
  const value = () => (box.value.trim() === "" ? undefined : isNumber ? Number(box.value) : box.value.trim());
  const element = h("span", { class: "edit-box" }, box);
  if (name === "field") box.addEventListener("focus", () => {
    const of = scope.city.layers.find((l) => l.id === scope.layer());
    element.querySelector("datalist")?.remove();
    element.append(suggest(box, ((of && of.fields) || []).map((f) => [f.name, title(f.title, f.name)])));
  });
  if (schema.format === "class") element.append(suggest(box, classes(scope.city)));
  return { element, value, set: (next) => (box.value = next ?? "") };
}

function choice(name, options, read = (text) => text) {
  const box = h("select", { class: "field", "data-edit": name, "aria-label": word(name) }, h("option", { value: "" }, "—"), options.map(([value, text]) => h("option", { value }, text)));
  return { element: box, value: () => (box.value === "" ? undefined : read(box.value)), set: (next) => (box.value = next === undefined ? "" : String(next)) };
}

function layer(scope, name) {
  const made = choice(name, scope.city.layers.filter((l) => l.count).map((l) => [l.id, title(l.title, l.id)]));
  let whole; // a reference with a field or a filter is kept as it was given
  made.element.addEventListener("change", () => (whole = undefined));
  return { ...made, value: () => whole ?? made.value(), set: (next) => {
    whole = next && typeof next === "object" ? next : undefined;
    made.set(whole ? whole.layer : next);
  } };
}

/** Texts or numbers with commas between them. */
function words(scope, name, schema) {
  const box = h("input", { class: "field", "data-edit": name, placeholder: t("editList"), "aria-label": word(name, schema) });
  const read = (text) => (schema.items.type === "string" ? text : Number(text));
  return { element: box, value: () => {
    const list = box.value.split(/[,，、]/).map((text) => text.trim()).filter(Boolean).map(read);
    return list.length ? list : undefined;
  }, set: (next) => (box.value = (next || []).join(", ")) };
}

function pair(scope, name, schema) {
  const sides = [0, 1].map((i) => plain(scope, `${name}-${i}`, { type: "string", format: "class", title: `${word(name, schema)} ${i + 1}`, ...schema.items }));
  return { element: h("span", { class: "edit-pair" }, sides[0].element, h("span", { "aria-hidden": "true" }, "×"), sides[1].element),
    value: () => (sides.every((s) => s.value() !== undefined) ? sides.map((s) => s.value()) : undefined),
    set: (next) => sides.forEach((s, i) => s.set((next || [])[i])) };
}

function group(scope, name, schema) {
  const fixed = constant(schema);
  const parts = {};
  const inner = { ...scope, layer: () => {
    const of = parts.layer && parts.layer.value();
    return (of && of.layer) || of || scope.layer();
  } };
  const names = Object.keys(schema.properties).filter((key) => !fixed || key !== fixed[0]);
  for (const key of names) if (edits(schema.properties[key])) parts[key] = editor(inner, key, schema.properties[key]);
  const rest = {}; // what has no field here
  const must = new Set(schema.required || []);
  const element = h("div", { class: "edit-group", "data-group": name }, Object.entries(parts).map(([key, part]) => h("label", { class: "edit-row" },
    h("span", { class: "lbl" }, word(key, schema.properties[key]), must.has(key) && h("span", { class: "must", title: t("inputMust") }, " *")), part.element)));
  return { element, value: () => {
    const value = { ...rest };
    for (const [key, part] of Object.entries(parts)) if (part.value() !== undefined) value[key] = part.value();
    if (!Object.keys(value).length && !fixed) return undefined;
    return fixed ? { [fixed[0]]: fixed[1].const, ...value } : value;
  }, set: (next) => {
    for (const [key, part] of Object.entries(parts)) part.set((next || {})[key]);
    for (const key of Object.keys(rest)) delete rest[key];
    for (const [key, value] of Object.entries(next || {})) if (!parts[key] && !(fixed && key === fixed[0])) rest[key] = value;
  } };
}

const TYPE = { object: "object", number: "number", integer: "number", string: "string", boolean: "boolean" };

/** A value of one of several kinds, told apart by a constant member or by their type. */
function variants(scope, schema) {
  const kinds = schema.oneOf.map((one) => {
    const fixed = constant(one);
    if (!fixed) return { one, key: "kind", value: one.type, fits: (next) => typeof next === TYPE[one.type] };
    return { one, key: fixed[0], value: fixed[1].const, fits: (next) => Boolean(next) && next[fixed[0]] === fixed[1].const };
  });
  const select = h("select", { class: "field", "data-edit": kinds[0].key, "aria-label": word(kinds[0].key) }, kinds.map((k, i) => h("option", { value: i }, has(`choice_${k.value}`) ? t(`choice_${k.value}`) : k.value)));
  const hole = h("div", {});
  let inner = null;
  const show = (carried) => {
    inner = editor(scope, "", kinds[Number(select.value)].one);
    inner.set(carried);
    fill(hole, inner.element);
  };
  select.addEventListener("change", () => show(undefined));
  show(undefined);
  return { element: h("div", { class: "edit-variant" }, select, hole), value: () => inner.value(), set: (next) => {
    const found = kinds.findIndex((k) => k.fits(next));
    select.value = String(Math.max(0, found));
    show(next);
  } };
}

/** Items below each other, with buttons to add and to remove. */
function rows(scope, name, schema) {
  const list = [];
  const body = h("div", { class: "edit-rows" });
  const add = (value) => {
    const item = editor(scope, name, schema.items);
    const row = { item, element: h("div", { class: "edit-item" }, item.element, h("button", { class: "icon-btn", type: "button", title: t("editRemove"), "aria-label": t("editRemove"), onclick: () => {
      list.splice(list.indexOf(row), 1);
      row.element.remove();
    } }, "✕")) };
    if (value !== undefined) item.set(value);
    list.push(row);
    body.append(row.element);
  };
  const element = h("div", { class: "edit-list", "data-list": name }, body, h("button", { class: "btn", type: "button", "data-add": name, onclick: () => {
    if (list.length < (schema.maxItems ?? Infinity)) add();
  } }, t("editAdd")));
  return { element, value: () => {
    const values = list.map((row) => row.item.value()).filter((value) => value !== undefined);
    return values.length ? values : undefined;
  }, set: (next) => {
    list.length = 0;
    fill(body);
    for (const value of next || []) add(value);
  } };
}

/** An object whose names are free: rows of a name and a value. */
function entries(scope, name, schema) {
  const made = rows(scope, name, { items: { type: "object", properties: { key: { type: "string", title: t("editName") }, value: schema.additionalProperties } } });
  return { element: made.element,
    value: () => {
      const pairs = (made.value() || []).filter((row) => row.key !== undefined && row.value !== undefined);
      return pairs.length ? Object.fromEntries(pairs.map((row) => [row.key, row.value])) : undefined;
    },
    set: (next) => made.set(Object.entries(next || {}).map(([key, value]) => ({ key, value }))) };
}
