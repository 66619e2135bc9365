// SPDX-License-Identifier: Apache-2.0
// The search box: coordinates, layers, and features by name, code, address or any other text (GET /search).

import * as api from "./api.js";
import { debounce, fill, h, note } from "./dom.js";
import { number, t, title } from "./i18n.js";
import { matches, setFilter } from "./layers.js";
import { emit, remember, state } from "./state.js";
import { bounds } from "./style.js";

const SHOWN = 12;
let city = null;
let go = null;
let input = null;
let list = null;
let options = []; // {run, text}
let active = -1;
let ticket = 0;

/** The box and its list. `move` goes to {center, zoom}. */
export function element(theCity, move) {
  city = theCity;
  go = move;
  input = h("input", {
    type: "search", id: "search", placeholder: t("search"), "aria-label": t("search"), autocomplete: "off", role: "combobox",
    "aria-expanded": "false", "aria-controls": "search-list", "aria-autocomplete": "list",
    oninput: () => later(), onkeydown: keys, onfocus: () => options.length && input.value.trim() && show(true),
    onblur: () => setTimeout(() => show(false), 150),
  });
  list = h("ul", { id: "search-list", class: "search-list", role: "listbox", "aria-label": t("searchResults"), hidden: true });
  return [input, list];
}

/** Coordinates in the text, or null. */
export function coordinates(text) {
  const parts = text.trim().split(/[,，\s]+/).filter(Boolean).map(Number);
  return parts.length === 2 && parts.every(Number.isFinite) ? parts : null;
}

/** What Enter does: the marked result, a place, or the first result. */
export async function enter() {
  if (active >= 0 && options[active]) return options[active].run();
  const at = coordinates(input.value);
  if (at) return fly(at);
  await ask();
  if (options.length) options[0].run();
  else flash(t("searchNone"));
}

function fly(at) {
  const [w, s, e, n] = city.extent;
  if (at[0] < w || at[0] > e || at[1] < s || at[1] > n) return flash(t("outside"));
  show(false);
  return go({ center: at, zoom: 17 });
}

function flash(text) {
  note(text);
  setTimeout(() => note(""), 2500);
}

function keys(event) {
  if (event.key === "Enter") return void enter();
  if (event.key === "Escape") return show(false);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !options.length) return;
  event.preventDefault();
  show(true);
  active = (active + step + options.length) % options.length;
  mark();
}

const later = debounce(220, ask);

async function ask() {
  const text = input.value.trim();
  const mine = (ticket += 1);
  if (!text || coordinates(text)) {
    options = [];
    return show(false);
  }
  const layers = city.layers.filter((layer) => matches(layer, text.toLowerCase())).slice(0, 3);
  let found = { results: [], total: 0 };
  let problem = null;
  try {
    const numbered = await byNumber(text);
    if (await api.offers("/search")) found = await api.search(text, SHOWN);
    if (numbered) found = { total: found.total + 1, results: [numbered, ...found.results] };
  } catch (error) {
    problem = error.message;
  }
  if (mine !== ticket) return;
  draw(layers, found, problem);
}

/** The feature of "layer number" (宗地 12, parcels/12); null where the text is none or there is no such feature. */
async function byNumber(text) {
  const [, name, id] = /^(.+?)[\s/#:：]*(\d+)$/u.exec(text) || [];
  const layer = name && city.layers.find((l) => [l.id, l.title.zh, l.title.en].some((n) => n && n.toLowerCase() === name.toLowerCase()));
  if (!layer) return null;
  try {
    const { properties, geometry } = await api.feature(layer.id, id);
    const [w, s, e, n] = bounds(geometry);
    return { layer: layer.id, title: layer.title, id: Number(id), code: properties.code, name: properties.name || `${title(layer.title, layer.id)} ${id}`, center: [(w + e) / 2, (s + n) / 2], bbox: [w, s, e, n] };
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

function draw(layers, found, problem) {
  options = [];
  active = -1;
  const option = (run, ...content) => {
    const id = `search-${options.length}`;
    options.push({ run });
    return h("li", { id, role: "option", "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); run(); } }, content);
  };
  fill(list,
    layers.map((layer) => option(() => { show(false); setFilter(title(layer.title, layer.id)); }, h("span", { class: "t" }, title(layer.title, layer.id)), h("span", { class: "d" }, t("layer")))),
    found.results.map((hit) => option(() => choose(hit), h("span", { class: "t" }, hit.name || hit.code || `${title(hit.title, hit.layer)} ${hit.id}`),
      h("span", { class: "d" }, title(hit.title, hit.layer)), second(hit) && h("span", { class: "s" }, second(hit)))),
    problem && h("li", { class: "note", role: "alert" }, problem),
    !problem && !options.length && h("li", { class: "note" }, t("searchNone")),
    found.total > found.results.length && h("li", { class: "note" }, t("searchMore", number(found.results.length), number(found.total))));
  show(true);
}

/** A second line where the name does not tell why it was found. */
const second = (hit) => [hit.text && hit.text !== hit.name ? hit.text : null, hit.code && hit.code !== hit.text && hit.code !== hit.name ? hit.code : null].filter(Boolean).join(" · ");

function choose(hit) {
  show(false);
  if (!state.layers.has(hit.layer)) {
    state.layers.add(hit.layer);
    emit("layers");
    remember();
  }
  const [w, s, e, n] = hit.bbox;
  emit("fly", { type: "Polygon", coordinates: [[[w, s], [e, s], [e, n], [w, n], [w, s]]] });
  emit("select", { layer: hit.layer, id: hit.id, at: hit.center, properties: {} });
}

function mark() {
  for (const [i, item] of [...list.querySelectorAll("[role=option]")].entries()) item.setAttribute("aria-selected", String(i === active));
  input.setAttribute("aria-activedescendant", `search-${active}`);
  document.getElementById(`search-${active}`)?.scrollIntoView({ block: "nearest" });
}

function show(value) {
  list.hidden = !value;
  input.setAttribute("aria-expanded", String(value));
}
