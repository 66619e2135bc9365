// SPDX-License-Identifier: Apache-2.0
// What the city holds: layers and models by CIM level, department or kind of geometry, counted.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import { number, t, title } from "../i18n.js";
import { emit, state } from "../state.js";

const WAYS = ["level", "department", "class", "access"];
let city = null;
let way = null;
let stated = new Map(); // kind:id -> what /inventory says

export function start(theCity) {
  city = theCity;
}

/** Asks the server for levels, areas and lengths, where it states them. */
export async function look() {
  if (await api.offers(api.INVENTORY)) stated = new Map((await api.inventory()).entries.map((e) => [`${e.kind}:${e.id}`, e]));
}

const names = { CIM1: "cim1", CIM2: "cim2", CIM3: "cim3", CIM4: "cim4", CIM5: "cim5", CIM6: "cim6", CIM7: "cim7" };
const levelName = (level) => (names[level] ? `${level} ${t(names[level])}` : t("levelNone"));

/** Layers and models as rows. A model is made from layers: its features are not counted again in the total. */
function items() {
  const entry = (kind, id) => stated.get(`${kind}:${id}`) || {};
  const row = (kind, item, more) => ({ id: item.id, name: title(item.title, item.id), count: item.count, level: levelName(entry(kind, item.id).cim), area: entry(kind, item.id).area, length: entry(kind, item.id).length, ...more });
  return [
    ...city.layers.map((l) => row("layer", l, { department: l.department || "—", class: t(`geometry_${l.geometry}`), access: t(l.classification || "public"), layer: l })),
    ...city.models.map((m) => row("model", m, { department: t("geometry_model"), class: t("geometry_model"), access: t("geometry_model") })),
  ];
}

const size = (item) => [item.area > 0 && `${number(item.area / 1e6, 2)} km²`, item.length > 0 && `${number(item.length / 1000, 1)} km`].filter(Boolean).join(" ");

export function panel() {
  const list = items();
  const ways = WAYS.filter((w) => w !== "level" || stated.size);
  if (!ways.includes(way)) way = ways[0];
  const groups = new Map();
  for (const item of list) groups.set(item[way], [...(groups.get(item[way]) || []), item]);
  const ordered = [...groups].sort((a, b) => (way === "level" ? a[0].localeCompare(b[0]) : Number(!a[1][0].layer) - Number(!b[1][0].layer) || sum(b[1]) - sum(a[1])));
  const box = h("div", { class: "scroll", id: "inventory" });
  const most = Math.max(1, ...ordered.map(([, all]) => sum(all)));
  fill(box,
    h("div", { class: "pad row-chips", role: "group", "aria-label": t("inventoryBy") }, ways.map((w) => h("button", { class: "chip", id: `inventory-${w}`, "aria-pressed": String(w === way),
      onclick: () => { way = w; box.replaceWith(panel()); document.getElementById(`inventory-${w}`)?.focus(); } }, t(`by_${w}`)))),
    h("p", { class: "note", id: "inventory-total", "data-total": sum(list.filter((i) => i.layer)) }, t("inventoryTotal", number(city.layers.length), number(sum(list.filter((i) => i.layer))), number(city.models.length))),
    ordered.map(([key, all]) => h("details", { class: "group", "data-group": String(key) },
      h("summary", {}, key, h("span", { class: "n" }, number(sum(all))), h("span", { class: "bar", "aria-hidden": "true" }, h("i", { style: { width: `${(100 * sum(all)) / most}%` } }))),
      h("ul", { class: "hits" }, all.map((item) => h("li", {}, h("button", { onclick: () => item.layer && show(item.layer) }, h("span", { class: "t" }, item.name), h("span", { class: "d" }, number(item.count)), size(item) && h("span", { class: "s" }, size(item)))))))));
  return box;
}

const sum = (list) => list.reduce((total, item) => total + (item.count || 0), 0);

function show(layer) {
  state.layers.add(layer.id);
  emit("layers");
  if (layer.extent) emit("flybox", layer.extent);
}
