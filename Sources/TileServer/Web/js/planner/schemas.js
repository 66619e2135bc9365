// SPDX-License-Identifier: Apache-2.0
// What the descriptions of analyses leave open ("a list of objects"), as JSON Schema: docs/analyses.md says the same in words.
// A description that is complete is taken as it is.

const text = { type: "string" };
const number = { type: "number" };
const layer = { oneOf: [{ type: "string" }, { type: "object", properties: { layer: text } }] };
const field = { type: "string" };
const list = { type: "array", items: text };
const pairs = { type: "array", items: { type: "array", minItems: 2, maxItems: 2, items: { type: "string", format: "class" } } };

/** Objects of several kinds: `kinds` is {value of `key`: [members, names of those that must be there]}; all have `common` too. */
const kinds = (key, values, common) => ({ oneOf: Object.entries(values).map(([value, [members, required]]) => ({
  type: "object", required: [key, ...required], properties: { [key]: { const: value }, ...members, ...common },
})) });

const tolerance = { type: "object", properties: { area: number, width: number } };
const measures = {
  area: [{}, []], field: [{ field }, ["field"]], distance: [{ layer, reach: number }, ["layer"]],
  share: [{ layer }, ["layer"]], count: [{ layer, metres: number }, ["layer", "metres"]],
};
const limit = { oneOf: [number, { type: "object", required: ["layer", "field"], properties: { layer: text, field, scale: number } }] };
const rule = { id: text, title: text };

const COMPLETE = {
  table: { type: "object", properties: {
    default: { enum: ["different", "none", "all"] }, conflicts: pairs, allowed: pairs, ordered: { type: "boolean" }, separator: text,
    classes: { type: "object", additionalProperties: text } } },
  criteria: { type: "array", items: kinds("measure", measures, { worst: number, best: number, weight: number }) },
  constraints: { type: "array", items: kinds("measure", { ...measures, field: [{ field, in: list }, ["field"]] }, { min: number, max: number }) },
  rules: { type: "array", items: kinds("type", {
    outside: [{ ...rule, layer, tolerance }, ["layer"]], inside: [{ ...rule, layer, tolerance }, ["layer"]],
    classes: [{ ...rule, layer, field, allowed: list }, ["layer", "field", "allowed"]],
    distance: [{ ...rule, layer, metres: number }, ["layer", "metres"]],
    "at-most": [{ ...rule, figure: text, limit }, ["figure", "limit"]], "at-least": [{ ...rule, figure: text, limit }, ["figure", "limit"]],
  }, {}) },
};

/** Whether a schema says nothing of what is in its objects and lists. */
function isOpen(schema) {
  if (schema.type === "array") return !schema.items || isOpen(schema.items);
  if (schema.type !== "object") return false;
  const members = Object.values(schema.properties || {});
  return !members.length ? !schema.additionalProperties : members.some(isOpen);
}

/** The schema of an input, with what its description leaves open. */
export function complete(name, schema) {
  return COMPLETE[name] && COMPLETE[name].type === schema.type && isOpen(schema) ? { ...COMPLETE[name], maxItems: schema.maxItems } : schema;
}
