// SPDX-License-Identifier: Apache-2.0
// Scenarios: one click brings the layers, the view and the query that a department needs.

import { fill, h, icon } from "./dom.js";
import { onLang, t, title } from "./i18n.js";
import * as map2d from "./map2d.js";
import * as radius from "./radius.js";
import { emit, remember, state } from "./state.js";

let city = null;
let panel = null;
let before = null;

export function start(theCity, container) {
  city = theCity;
  panel = container;
  onLang(draw);
}

const find = (id) => (city.scenarios || []).find((scenario) => scenario.id === id);

/** Puts a scenario's layers over the base map, moves there and runs its query; the tab stays where it is. */
export async function apply(id, move = true) {
  const scenario = find(id);
  if (!scenario) return;
  if (!before) before = { layers: new Set(state.layers), view: map2d.view() };
  state.scenario = id;
  const base = city.layers.filter((layer) => layer.base && state.layers.has(layer.id)).map((layer) => layer.id);
  state.layers = new Set([...base, ...(scenario.layers || [])]);
  emit("layers");
  if (scenario.view && move) {
    const { center, zoom, pitch = 0, bearing = 0 } = scenario.view;
    emit("go", { center, zoom, pitch, bearing });
  }
  remember();
  draw();
  const query = scenario.query;
  if (!query) return;
  const at = query.at || (scenario.view && scenario.view.center);
  await radius.run({ at, radius: query.radius || 500 }, query.layers && query.layers.length ? query.layers : null);
}

/** Returns to the layers and the view from before the first scenario. */
export function leave() {
  state.scenario = null;
  state.queryLayers = null;
  radius.clear();
  if (before) {
    state.layers = before.layers;
    emit("layers");
    const { center, zoom, pitch, bearing } = before.view;
    emit("go", { center, zoom, pitch, bearing });
  }
  before = null;
  remember();
  draw();
}

function draw() {
  const list = city.scenarios || [];
  if (!list.length) return fill(panel, h("div", { class: "empty" }, icon("layers"), t("noScenario")));
  fill(panel, h("div", { class: "scroll" }, list.map((scenario) => {
    const on = state.scenario === scenario.id;
    const names = (scenario.layers || []).map((id) => title((city.layers.find((l) => l.id === id) || {}).title, id));
    return h("article", { class: "card" + (on ? " on" : "") },
      h("h3", {}, title(scenario.title, scenario.id)), h("span", { class: "mute" }, scenario.department || ""),
      h("p", {}, title(scenario.description)), h("p", { class: "mute" }, names.join(" · ")),
      h("div", { class: "row" }, h("button", { class: "btn " + (on ? "" : "primary"), "data-scenario": scenario.id,
        onclick: () => (on ? leave() : apply(scenario.id)) }, on ? t("scenarioLeave") : t("scenarioApply")),
      scenario.query && h("span", { class: "mute" }, `${t("tabRadius")} ${scenario.query.radius} m`)));
  })));
}
