// SPDX-License-Identifier: Apache-2.0
// The result of an analysis: totals, tables and polygons together. Any analysis can be shown; a parcel report is laid out.

import { h } from "../dom.js";
import { asCSV, asGeoJSON } from "../exports.js";
import { has, number, t, title } from "../i18n.js";
import * as map2d from "../map2d.js";
import { emit } from "../state.js";

const ROWS = 200;
const HIDDEN = new Set(["type", "process", "storeVersion", "layerVersions", "crs", "parameters", "units", "features", "geometry", "numberReturned", "pairs", "center"]);
const COLOURS = ["#e0450c", "#0b84c6", "#862e9c", "#2b8a3e", "#b8860b", "#c2255c", "#087f5b", "#5f3dc4"];
let city = null;

export const start = (theCity) => { city = theCity; };

const layerTitle = (id) => {
  const layer = city.layers.find((l) => l.id === id);
  return layer ? title(layer.title, id) : id;
};
const word = (key) => (has(`key_${key}`) ? t(`key_${key}`) : key);

/** A value for people: areas in m², lengths in m, shares in per cent, layers by their titles. */
function text(value, key = "") {
  if (value === null || value === undefined) return "—";
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (typeof value === "number") {
    if (/share/i.test(key)) return `${number(value * 100, 1)} %`;
    if (/id$/i.test(key) || Number.isInteger(value) && !/area|length|distance/i.test(key)) return String(value);
    return number(value, 2);
  }
  if (Array.isArray(value)) return value.map((v) => (v && typeof v === "object" ? v.name || JSON.stringify(v) : text(v))).join("、");
  if (typeof value === "object") return value.zh ? title(value) : JSON.stringify(value);
  return has(`choice_${value}`) ? t(`choice_${value}`) : /layer/i.test(key) || key === "first" || key === "second" ? layerTitle(value) : String(value);
}

/** One colour for each pair of classes, the largest first. */
function colours(features) {
  const areas = new Map();
  for (const { properties: p } of features) areas.set(group(p), (areas.get(group(p)) || 0) + (p.area || 1));
  const order = [...areas].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return new Map(order.map((name, i) => [name, COLOURS[Math.min(i, COLOURS.length - 1)]]));
}
const group = (p) => p.firstClass !== undefined ? `${p.firstClass} × ${p.secondClass}` : String(p.verdict ?? p.rule ?? p.class ?? p.kind ?? "");

/** The elements of a result, and what it puts on the map. */
export function view(result) {
  if (result.type === "FeatureCollection") return collection(result);
  if (result.parcel && Array.isArray(result.layers)) return parcel(result);
  const shapes = [];
  collect(result, shapes);
  map2d.showResult(shapes);
  return [facts(result), foot(result)];
}

/** GeoJSON geometries anywhere in a result. */
function collect(value, shapes) {
  if (!value || typeof value !== "object") return;
  if (/Polygon|LineString|Point/.test(value.type) && value.coordinates) shapes.push({ type: "Feature", properties: {}, geometry: value });
  else Object.values(value).forEach((v) => collect(v, shapes));
}

function collection(result) {
  const palette = colours(result.features);
  map2d.showResult(result.features.map((f) => ({ ...f, properties: { ...f.properties, color: palette.get(group(f.properties)) } })));
  const names = [...new Set(result.features.slice(0, ROWS).flatMap((f) => Object.keys(f.properties)))].filter((n) => !/Layer$|Code$/.test(n));
  const cell = (f, n) => h("td", { class: typeof f.properties[n] === "number" ? "n" : "" }, text(f.properties[n], n));
  const row = (f) => h("tr", { tabindex: 0, "data-result": f.id, onclick: () => focus(f), onkeydown: (event) => event.key === "Enter" && focus(f) },
    h("td", {}, h("span", { class: "swatch", style: { background: palette.get(group(f.properties)) || "#888" } })), names.map((n) => cell(f, n)));
  return [
    result.summary && facts(result.summary),
    h("div", { class: "table-wrap", id: "result-table" }, h("table", { class: "grid" }, h("thead", {}, h("tr", {}, h("th", {}), names.map((n) => h("th", { scope: "col" }, word(n))))), h("tbody", {}, result.features.slice(0, ROWS).map(row)))),
    result.features.length > ROWS && h("p", { class: "note" }, t("resultMore", number(ROWS), number(result.numberMatched ?? result.features.length))),
    h("div", { class: "actions" },
      h("button", { class: "btn", id: "result-geojson", onclick: () => asGeoJSON(result.process || "result", result.features, { process: result.process, parameters: result.parameters, storeVersion: result.storeVersion, crs84: true }) }, t("exportGeo")),
      h("button", { class: "btn", id: "result-csv", onclick: () => {
        const all = [...new Set(result.features.flatMap((f) => Object.keys(f.properties)))];
        asCSV(result.process || "result", ["id", ...all], result.features.map((f) => [f.id, ...all.map((n) => f.properties[n])]));
      } }, t("exportCsv"))),
    foot(result),
  ];
}

function focus(feature) {
  emit("fly", feature.geometry);
  map2d.showSelected(feature);
}

/** Single values as a list, lists of objects as tables, objects inside as sections. */
function facts(value, depth = 0) {
  const entries = Object.entries(value).filter(([key]) => !HIDDEN.has(key));
  const plain = entries.filter(([, v]) => v === null || typeof v !== "object");
  const lists = entries.filter(([, v]) => Array.isArray(v) && v.length && typeof v[0] === "object" && !Array.isArray(v[0]));
  const inner = entries.filter(([, v]) => v && typeof v === "object" && !Array.isArray(v));
  return [
    plain.length > 0 && h("table", { class: "attrs facts" }, h("tbody", {}, plain.map(([key, v]) => h("tr", {}, h("th", { scope: "row" }, word(key)), h("td", { "data-fact": key }, text(v, key), unit(key, v)))))),
    lists.map(([key, v]) => h("details", { class: "group", open: depth < 1 }, h("summary", {}, word(key), h("span", { class: "n" }, number(v.length))), list(v))),
    inner.filter(([, v]) => !v.coordinates).map(([key, v]) => h("details", { class: "group", open: depth < 1 }, h("summary", {}, word(key)), facts(v, depth + 1))),
  ];
}

const unit = (key, value) => (typeof value !== "number" ? null : /area|footprint|covered|conflicting|agreeing|uncovered|tolerated$|residual/i.test(key) && !/share|ratio|parts/i.test(key) ? h("span", { class: "unit" }, "m²")
  : /length|perimeter|distance|reach|height/i.test(key) ? h("span", { class: "unit" }, "m") : null);

function list(rows) {
  const names = [...new Set(rows.slice(0, ROWS).flatMap((r) => Object.keys(r)))].filter((n) => !HIDDEN.has(n) && rows.some((r) => r[n] === null || typeof r[n] !== "object" || (r[n] && r[n].zh) || Array.isArray(r[n])));
  return h("div", { class: "table-wrap" }, h("table", { class: "grid" }, h("thead", {}, h("tr", {}, names.map((n) => h("th", { scope: "col" }, word(n))))),
    h("tbody", {}, rows.slice(0, ROWS).map((r) => h("tr", { class: r.verdict ? `verdict-${r.verdict}` : "" }, names.map((n) => h("td", { class: typeof r[n] === "number" ? "n" : "" }, text(r[n], n))))))));
}

/** What is here (一书): the parcel, then each layer with its classes and their shares. */
function parcel(result) {
  map2d.showResult([{ type: "Feature", properties: { color: "#1763b6" }, geometry: result.parcel.geometry }]);
  const share = (entry) => h("span", { class: "bar", "aria-hidden": "true" }, h("i", { style: { width: `${Math.min(100, (entry.share || 0) * 100)}%` } }));
  const measure = (entry) => (entry.area !== undefined ? `${number(entry.area, 1)} m²` : entry.length !== undefined ? `${number(entry.length, 1)} m` : "");
  const touched = result.layers.filter((l) => l.count);
  return [
    h("table", { class: "attrs facts" }, h("tbody", {}, [["area", result.parcel.area], ["ellipsoidalArea", result.parcel.ellipsoidalArea], ["perimeter", result.parcel.perimeter]].map(([key, value]) =>
      h("tr", {}, h("th", { scope: "row" }, word(key)), h("td", { "data-fact": key }, number(value, 2), unit(key, value)))))),
    touched.map((l) => h("details", { class: "group", open: l.geometry === "polygon", "data-section": l.layer }, h("summary", {}, title(l.title, l.layer), h("span", { class: "n" }, number(l.count))),
      h("table", { class: "attrs shares" }, h("tbody", {}, l.classes.slice(0, 12).map((c) => h("tr", {}, h("th", { scope: "row" }, c.class || "—", c.count > 1 && h("span", { class: "unit" }, ` × ${c.count}`)),
        h("td", {}, measure(c), c.share !== undefined && h("span", { class: "unit" }, ` ${number(c.share * 100, 1)} %`), c.share !== undefined && share(c)))),
        l.buildings && ["floorArea", "floorAreaRatio", "density", "greatestHeight"].filter((key) => l.buildings[key] !== undefined).map((key) =>
          h("tr", {}, h("th", { scope: "row" }, word(key)), h("td", {}, key === "density" ? `${number(l.buildings[key] * 100, 1)} %` : number(l.buildings[key], 2), unit(key, l.buildings[key])))))))),
    result.nearest && result.nearest.length > 0 && h("details", { class: "group" }, h("summary", {}, word("nearest"), h("span", { class: "n" }, number(result.nearest.length))),
      h("table", { class: "attrs" }, h("tbody", {}, result.nearest.map((n) => h("tr", {}, h("th", { scope: "row" }, title(n.title, n.layer)), h("td", {}, `${(n.properties && n.properties.name) || n.code || n.id} · ${number(n.distance, 0)} m`)))))),
    foot(result),
  ];
}

/** With what the result can be repeated. */
const foot = (result) => h("p", { class: "note" }, [result.storeVersion !== undefined && `${t("version")} ${result.storeVersion}`, result.crs && `${t("crs")} ${result.crs}`, t("resultPlane")].filter(Boolean).join(" · "));
