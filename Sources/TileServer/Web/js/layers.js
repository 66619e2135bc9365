// SPDX-License-Identifier: Apache-2.0
// The layer tree: themes, layers with department, classification, count and legend, visibility and filter.

import { fill, h, icon } from "./dom.js";
import { number, onLang, t, title } from "./i18n.js";
import * as map2d from "./map2d.js";
import * as thematic from "./thematic.js";
import { emit, on, remember, state } from "./state.js";

let city = null;
let filter = "";
const closed = new Set();
const opened = new Set();

export function start(theCity, container) {
  city = theCity;
  const body = h("div", { class: "scroll", id: "layer-tree" });
  onLang(() => {
    const box = h("input", {
      class: "field", type: "search", id: "layer-filter", value: filter, placeholder: t("filterLayers"), "aria-label": t("filterLayers"),
      oninput: (event) => { filter = event.target.value.trim().toLowerCase(); draw(body); },
    });
    fill(container,
      h("div", { class: "panel-head" }, h("h2", {}, t("layers")), h("span", { class: "mute", id: "layers-on" }),
        h("button", { class: "icon-btn", title: t("allOff"), "aria-label": t("allOff"), onclick: () => setAll(false) }, "☐"),
        h("button", { class: "icon-btn", title: t("allOn"), "aria-label": t("allOn"), onclick: () => setAll(true) }, "☑")),
      h("div", { class: "filter" }, box), thematic.element, body);
    draw(body);
  });
  on("layers", () => sync(body));
  on("denied", () => draw(body));
  let lastZoom = -1;
  on("camera", (camera) => {
    const zoom = Math.floor(camera.zoom);
    if (zoom === lastZoom) return;
    lastZoom = zoom;
    sync(body);
  });
}

/** Narrows the tree to layers whose title, id or department contains the text. */
export function setFilter(text) {
  const box = document.getElementById("layer-filter");
  box.value = text;
  box.dispatchEvent(new Event("input"));
}

export const matches = (layer, text) =>
  [layer.id, layer.department, layer.title && layer.title.zh, layer.title && layer.title.en]
    .some((value) => String(value || "").toLowerCase().includes(text));

function setAll(value) {
  for (const layer of city.layers) {
    if (filter && !matches(layer, filter)) continue;
    if (value) state.layers.add(layer.id);
    else if (!layer.base || filter) state.layers.delete(layer.id);
  }
  changed();
}

function changed() {
  emit("layers");
  remember();
}

/** Themes with their layers; layers that no theme names come last. */
function themes() {
  const byId = new Map(city.layers.map((layer) => [layer.id, layer]));
  const seen = new Set();
  const list = city.themes.map((theme) => {
    const named = theme.layers && theme.layers.length ? theme.layers.map((id) => byId.get(id)).filter(Boolean)
      : city.layers.filter((layer) => layer.theme === theme.id);
    named.forEach((layer) => seen.add(layer.id));
    return { ...theme, items: named };
  });
  const rest = city.layers.filter((layer) => !seen.has(layer.id));
  return rest.length ? [...list, { id: "-", title: { zh: t("other"), en: t("other") }, items: rest }] : list;
}

function draw(body) {
  const rows = [];
  const list = themes();
  const first = list.find((theme) => theme.items.length); // opens by itself, as does a theme with more than base map shown
  for (const theme of list) {
    const items = filter ? theme.items.filter((layer) => matches(layer, filter)) : theme.items;
    if (!items.length) continue;
    const isOpen = filter ? true : opened.has(theme.id) || (!closed.has(theme.id) && items.some((layer) => state.layers.has(layer.id) && (!layer.base || theme === first)));
    const inside = h("div", { id: `theme-${theme.id}`, hidden: !isOpen }, items.map(row));
    const head = h("button", {
      "aria-expanded": String(isOpen), "aria-controls": `theme-${theme.id}`,
      onclick: () => {
        (isOpen ? closed : opened).add(theme.id);
        (isOpen ? opened : closed).delete(theme.id);
        draw(body);
      },
    }, h("span", { class: "caret", "aria-hidden": "true" }, "›"), title(theme.title, theme.id));
    rows.push(h("section", { class: "theme" + (isOpen ? " open" : "") },
      h("div", { class: "theme-head" }, head, h("span", { class: "mute", "data-theme-count": theme.items.map((l) => l.id).join(" ") })), inside));
  }
  fill(body, rows.length ? rows : h("p", { class: "empty" }, t("noLayer")));
  sync(body);
}

function row(layer) {
  const style = layer.style || {};
  const check = h("input", {
    type: "checkbox", "data-layer": layer.id, checked: state.layers.has(layer.id),
    onchange: (event) => {
      if (event.target.checked) state.layers.add(layer.id);
      else state.layers.delete(layer.id);
      changed();
    },
  });
  const classification = layer.classification || "public";
  return h("div", { class: "layer", "data-row": layer.id, title: layer.zoom ? t("zoomRange", layer.zoom[0]) : "" },
    h("div", { class: "layer-row" },
      h("label", {}, check, swatch(style, style.color, layer.geometry), h("span", { class: "name" }, title(layer.title, layer.id))),
      h("span", { class: "count" }, number(layer.count)),
      h("button", { class: "icon-btn", title: t("flyLayer"), "aria-label": `${t("flyLayer")}: ${title(layer.title, layer.id)}`,
        onclick: () => layer.extent && emit("flybox", layer.extent) }, icon("target"))),
    h("div", { class: "layer-meta" }, h("span", { class: "badge " + classification }, t(classification)),
      h("span", { class: "dept", title: map2d.denied.get(layer.id) || layer.department || "" },
        map2d.denied.has(layer.id) ? `${t("tokenNeeded")} · ${layer.department || ""}` : layer.department || ""), legendButton(layer, style)),
    legend(layer, style));
}

function legend(layer, style) {
  if (!style.by || !style.by.values) return null;
  const entries = Object.entries(style.by.values).slice(0, 12).map(([value, color]) =>
    h("li", {}, swatch(style, color, layer.geometry), value));
  if (style.by.other) entries.push(h("li", {}, swatch(style, style.by.other, layer.geometry), t("other")));
  return h("ul", { class: "legend", "data-legend": layer.id, hidden: !legendShown(layer) }, entries);
}

/** A legend is open for a shown layer of its own; the base map's legends open on request. */
const legends = new Map();
const legendShown = (layer) => state.layers.has(layer.id) && (legends.get(layer.id) ?? !layer.base);

function legendButton(layer, style) {
  if (!style.by || !style.by.values) return null;
  return h("button", { class: "link", "data-legend-button": layer.id, "aria-expanded": String(legendShown(layer)), onclick: (event) => {
    legends.set(layer.id, !legendShown(layer));
    sync(event.currentTarget.closest("#layer-tree"));
  } }, t("legend"));
}

function swatch(style, color, geometry) {
  const shape = { line: "line", circle: "circle", symbol: "circle" }[style.kind] || (geometry === "point" ? "circle" : geometry === "line" ? "line" : "fill");
  return h("span", { class: `swatch ${shape}`, style: { background: color || "#888", opacity: String(style.opacity ?? 1) }, "aria-hidden": "true" });
}

/** Brings boxes, legends and counts in line with the state without rebuilding the tree. */
function sync(body) {
  for (const box of body.querySelectorAll("input[data-layer]")) box.checked = state.layers.has(box.dataset.layer);
  const byId = new Map(city.layers.map((layer) => [layer.id, layer]));
  for (const list of body.querySelectorAll("[data-legend]")) list.hidden = !legendShown(byId.get(list.dataset.legend));
  for (const button of body.querySelectorAll("[data-legend-button]")) {
    button.hidden = !state.layers.has(button.dataset.legendButton);
    button.setAttribute("aria-expanded", String(legendShown(byId.get(button.dataset.legendButton))));
  }
  for (const label of body.querySelectorAll("[data-theme-count]")) {
    const ids = label.dataset.themeCount.split(" ");
    label.textContent = `${ids.filter((id) => state.layers.has(id)).length}/${ids.length}`;
  }
  const shown = city.layers.filter((layer) => state.layers.has(layer.id)).length;
  const label = document.getElementById("layers-on");
  if (label) label.textContent = t("layersOn", shown, city.layers.length);
  for (const element of body.querySelectorAll("[data-row]")) {
    const layer = city.layers.find((candidate) => candidate.id === element.dataset.row);
    element.classList.toggle("out", Boolean(layer.zoom && state.zoom !== null && state.zoom < layer.zoom[0]));
  }
}
