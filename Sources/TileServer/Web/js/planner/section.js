// SPDX-License-Identifier: Apache-2.0
// A section through the pipes along a drawn line: what crosses it with cover and clearances, what runs along it.

import * as api from "../api.js";
import { draw as drawOnMap } from "../draw.js";
import { h } from "../dom.js";
import { asCSV } from "../exports.js";
import { lang, metres, number, t } from "../i18n.js";
import * as map2d from "../map2d.js";
import { emit, state } from "../state.js";
import { chart } from "./sectionchart.js";

let city = null;
let redraw = null;
let answer = null;
let problem = null;
let corridor = 3; // metres either side within which a pipe runs along the line
let line = null;
let busy = false;

export function start(theCity, again) {
  city = theCity;
  redraw = again;
}

let offered = false;
/** Learns whether the server makes sections. */
export async function look() {
  offered = await api.offers(api.SECTION);
}

/** Whether there are pipes to cut. */
export const fits = () => offered && city.models.some((m) => m.kind === "pipes");

export function clear() {
  answer = problem = line = null;
  map2d.showResult([]);
}

async function cut() {
  if (!["2d", "2.5d"].includes(state.view)) {
    problem = t("sectionFlat");
    return redraw();
  }
  const drawn = await drawOnMap("LineString");
  if (!drawn) return;
  line = drawn.coordinates;
  await ask();
}

/** Asks for the section along a line [[lon, lat], …]. */
export async function along(coordinates) {
  line = coordinates;
  await ask();
}

async function ask() {
  busy = true;
  problem = null;
  redraw();
  try {
    answer = await api.section(city.models.find((m) => m.kind === "pipes").id, line, corridor);
    map2d.showResult([
      { type: "Feature", properties: { color: "#e0450c" }, geometry: { type: "LineString", coordinates: line } },
      ...answer.crossings.map((c) => ({ type: "Feature", properties: { color: c.color || "#444" }, geometry: { type: "Point", coordinates: c.position } })),
    ]);
  } catch (error) {
    answer = null;
    problem = error.message;
  }
  busy = false;
  redraw();
}

const seen = new Map(); // layer/id -> feature, as they were pointed at

/** Marks a pipe in the chart, the table and on the map. */
async function point(pipe) {
  for (const element of document.querySelectorAll(".section-on")) element.classList.remove("section-on");
  if (!pipe) return map2d.showSelected(null);
  const key = `${pipe.layer}/${pipe.id}`;
  for (const element of document.querySelectorAll(`[data-pipe="${CSS.escape(key)}"]`)) element.classList.add("section-on");
  if (!seen.has(key)) seen.set(key, api.feature(pipe.layer, pipe.id));
  try {
    map2d.showSelected(await seen.get(key));
  } catch (error) {
    problem = error.message;
  }
}

const name = (c) => (lang() === "zh" ? c.title : c.title_en) || c.class || c.layer;
const size = (c) => (c.shape === "round" ? `DN${Math.round(c.width * 1000)}` : `${Math.round(c.width * 1000)}×${Math.round(c.height * 1000)}`);
const value = (v) => (v === null || v === undefined ? "—" : number(v, 2));

export function panel() {
  return h("div", { class: "scroll" },
    h("div", { class: "pad" },
      h("div", { class: "row" }, h("button", { class: "btn primary", id: "section-draw", disabled: busy, onclick: cut }, t("sectionDraw")),
        h("button", { class: "btn", disabled: !answer, onclick: () => { clear(); redraw(); } }, t("clear"))),
      h("label", { class: "form-row" }, h("span", { class: "lbl" }, t("sectionReach")), h("input", { class: "field", type: "number", id: "section-corridor", min: 0, max: 50, step: 0.5, value: corridor,
        onchange: (event) => { corridor = Math.min(50, Math.max(0, Number(event.target.value) || 0)); if (line) ask(); } }), "m")),
    problem && h("div", { class: "problem", role: "alert" }, problem),
    busy && h("p", { class: "note", role: "status" }, t("querying")),
    !answer && !busy && h("p", { class: "note" }, t("sectionHint")),
    answer && [
      h("p", { class: "note", id: "section-total", "data-crossings": answer.crossings.length }, t("sectionTotal", metres(answer.length), number(answer.crossings.length), number(answer.along.length))),
      answer.crossings.length > 0 && h("figure", { class: "section-chart" }, h("figcaption", {}, t("sectionCross")), chart(answer, "cross", point, { name, size })),
      answer.along.length > 0 && h("figure", { class: "section-chart" }, h("figcaption", {}, t("sectionAlong")), chart(answer, "along", point, { name, size })),
      answer.crossings.length > 0 && table(),
      h("p", { class: "note" }, [t("sectionDatum", answer.datum), answer.ground_source === "terrain" ? t("sectionTerrain") : t("sectionDepths")].join(" ")),
      answer.crossings.length > 0 && h("div", { class: "actions" }, h("button", { class: "btn", id: "section-csv", onclick: save }, t("exportCsv"))),
    ]);
}

const free = (i) => answer.clearances.find((c) => c.first === i);
const short = (c) => c && c.required !== null && c.distance < c.required;

function table() {
  const head = ["sectionStation", "sectionPipe", "sectionTop", "sectionCover", "sectionClear"];
  return h("div", { class: "table-wrap" }, h("table", { class: "grid", id: "section-table" }, h("thead", {}, h("tr", {}, head.map((key) => h("th", { scope: "col" }, t(key))))),
    h("tbody", {}, answer.crossings.map((c, i) => h("tr", { tabindex: 0, "data-pipe": `${c.layer}/${c.id}`, onmouseenter: () => point(c), onfocus: () => point(c),
      onclick: () => emit("select", { layer: c.layer, id: c.id, at: c.position, properties: {} }) },
    h("td", { class: "n" }, value(c.station)), h("td", {}, h("span", { class: "swatch line", style: { background: c.color || "#444" } }), " ", name(c), h("span", { class: "unit" }, ` ${size(c)}`)),
    h("td", { class: "n" }, value(c.top)), h("td", { class: "n" }, value(c.cover)),
    h("td", { class: `n ${short(free(i)) ? "bad" : ""}` }, free(i) ? value(free(i).distance) + (free(i).required !== null ? ` / ${value(free(i).required)}` : "") : ""))))));
}

function save() {
  asCSV("section", ["station_m", "layer", "id", "code", "class", "size", "top_m", "axis_m", "invert_m", "ground_m", "cover_m", "clearance_m", "required_m"],
    answer.crossings.map((c, i) => [c.station, c.layer, c.id, c.code, c.class, size(c), c.top, c.axis, c.invert, c.ground, c.cover, (free(i) || {}).distance, (free(i) || {}).required]));
}
