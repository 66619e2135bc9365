// SPDX-License-Identifier: Apache-2.0
// Starts the page and connects its parts. `document.body.dataset.ready` is "1" when everything asked for is drawn.

import * as api from "./api.js";
import * as details from "./details.js";
import { h, note, setReady } from "./dom.js";
import { setLang, t } from "./i18n.js";
import * as layers from "./layers.js";
import { live } from "./live.js";
import * as livepanel from "./livepanel.js";
import * as map2d from "./map2d.js";
import * as planner from "./planner/panel.js";
import * as print from "./planner/print.js";
import * as swipe from "./planner/swipe.js";
import * as table from "./planner/table.js";
import * as radius from "./radius.js";
import * as scenarios from "./scenarios.js";
import * as shell from "./shell.js";
import * as thematic from "./thematic.js";
import { emit, isForeign, on, parse, remember, state } from "./state.js";
import { assignKinds, builtUp } from "./style.js";

let city = null;
let map3d = null; // loaded on the first switch to 3D
const REFRESH = 20000; // milliseconds
const solid = () => state.view === "3d" || state.view === "underground";

async function boot() {
  const asked = parse(location.hash);
  takeSettings(asked);
  city = await api.city();
  assignKinds(city.live && city.live.kinds);
  state.layers = new Set(asked.layers || city.layers.filter((l) => l.base || (l.style && l.style.visible)).map((l) => l.id));
  if (state.thematic) state.layers.add(state.thematic.layer);
  const panels = shell.buildTabs(document.getElementById("right"));
  shell.start(city, actions);
  layers.start(city, document.getElementById("left"));
  thematic.start(city, actions.thematic);
  details.start(city, panels.feature);
  radius.start(city, panels.radius);
  planner.start(city, panels.plan);
  livepanel.start(panels.live);
  scenarios.start(city, panels.scenario);
  on("fly", (geometry) => (solid() ? map3d.flyTo(geometry) : map2d.flyTo(geometry)));
  on("flybox", (extent) => (solid() ? map3d.fitBox(extent) : map2d.fitBox(extent)));
  on("go", go);
  if (solid()) {
    import("./map3d.js").then((module) => module.preload(), () => {}); // why it cannot be loaded is told when it is entered
    document.getElementById("map2d").hidden = Boolean(state.center);
  }
  await map2d.start(city);
  print.start(city);
  table.start(city, actions.thematic);
  swipe.start(city);
  await applyAsked(asked);
  await follow();
  await settled();
  live.release();
  setInterval(refresh, REFRESH);
}

/** Follows the terminals; without the right to see them the panel explains why. */
async function follow() {
  await live.start(streamBox());
}

/** Asks for the city again: its version, its counts, and whether terminals have begun to report. */
async function refresh() {
  if (document.hidden) return;
  try {
    const fresh = await api.city();
    if (fresh.version !== city.version) emit("version", fresh.version);
    const counts = new Map(fresh.layers.map((layer) => [layer.id, layer.count]));
    for (const layer of city.layers) layer.count = counts.get(layer.id) ?? layer.count;
    Object.assign(city, { version: fresh.version, live: fresh.live });
    assignKinds(city.live && city.live.kinds);
  } catch (error) {
    console.warn(`city.json: ${error.message}`); // the server is away: the next round asks again
  }
}

function takeSettings(asked) {
  const preferDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  state.theme = asked.theme || localStorage.getItem("twin.theme") || (preferDark ? "dark" : "light");
  document.documentElement.dataset.theme = state.theme;
  setLang(asked.lang || localStorage.getItem("twin.lang") || (navigator.language.startsWith("zh") ? "zh" : "en"));
  state.lang = document.documentElement.lang;
  state.view = asked.view || "2d";
  for (const name of ["center", "zoom", "pitch", "bearing", "tab", "queryLayers", "thematic", "terrain", "table", "swipe"]) if (asked[name] !== null) state[name] = asked[name];
}

/** The city's extent, widened a little: a bus may leave the city. */
function streamBox() {
  const [w, s, e, n] = city.extent;
  return [w - 0.05, s - 0.05, e + 0.05, n + 0.05];
}

/** Scenario, query, selection and 3D view that the hash asks for. */
async function applyAsked(asked) {
  if (asked.scenario) await scenarios.apply(asked.scenario, !asked.center);
  if (asked.query) await radius.run(asked.query, asked.queryLayers);
  if (asked.select) await details.select({ layer: asked.select.layer, id: asked.select.id });
  if (asked.tab) emit("tab", asked.tab);
  if (solid()) await enter3d();
}

/** Waits until the current view is completely drawn, then raises the ready flag. */
async function settled() {
  if (solid() && map3d) await map3d.idle();
  else await Promise.all([map2d.idle(), swipe.idle()]);
  setReady(true);
}

/** Shows the 3D scene; from one 3D view to the other the camera stays over the same place. */
async function enter3d(stay = false) {
  document.getElementById("map3d").hidden = false;
  if (!map3d) {
    note(t("loading3d"));
    try {
      const module = await import("./map3d.js");
      await module.start(city);
      map3d = module;
    } catch (error) {
      window.__errors.push(String(error.stack || error));
      document.getElementById("map3d").hidden = true;
      setView2d();
      return note(t("no3d", error.message));
    }
  }
  document.getElementById("map2d").hidden = true;
  map3d.enter(state.view, stay ? map3d.groundView() : map2d.view());
  note(city.models.length ? "" : t("noModels"));
}

function setView2d() {
  if (solid()) state.view = "2d";
  document.getElementById("map2d").hidden = false;
  map2d.resize();
}

const actions = {
  async view(id) {
    const from = state.view;
    if (id === from) return;
    setReady(false);
    state.view = id;
    emit("view", id);
    if (solid()) await enter3d(Boolean(map3d) && (from === "3d" || from === "underground"));
    else {
      if (map3d && (from === "3d" || from === "underground")) {
        map3d.leave();
        document.getElementById("map3d").hidden = true;
        setView2d();
        map2d.jump(map3d.groundView());
      }
      emit("layers");
      map2d.setTilt(id === "2.5d" ? Math.max(50, map2d.view().pitch) : 0);
    }
    emit("view", state.view);
    remember();
    await settled();
  },
  async lang(id) {
    localStorage.setItem("twin.lang", id);
    state.lang = id;
    setReady(false);
    setLang(id);
    remember();
    await map2d.restyle();
    await settled();
  },
  async theme(id) {
    localStorage.setItem("twin.theme", id);
    state.theme = id;
    document.documentElement.dataset.theme = id;
    setReady(false);
    setLang(state.lang);
    remember();
    await map2d.restyle();
    if (map3d) map3d.retheme();
    await settled();
  },
  /** Colours a layer by a field, or none: `question` as in state.thematic. */
  async thematic(question) {
    const before = state.thematic;
    setReady(false);
    state.thematic = question;
    if (question && !state.layers.has(question.layer)) {
      state.layers.add(question.layer);
      emit("layers");
    }
    try {
      await map2d.restyle();
      note("");
    } catch (error) {
      state.thematic = before;
      note(error.message);
    }
    if (map3d) map3d.retheme();
    remember();
    await settled();
  },
  terrain() {
    map2d.setTerrain(!state.terrain);
    emit("view", state.view);
    remember();
  },
  swipe: () => swipe.toggle(),
  print: () => print.ask(),
  go,
  zoom: (step) => (solid() ? map3d.zoomBy(step) : map2d.zoomBy(step)),
  north: () => (solid() ? map3d.north() : map2d.ease({ bearing: 0 })),
  home: () => emit("flybox", builtUp(city)),
  pin: () => {
    emit("tab", "radius");
    if (solid()) map3d.setPinMode(true);
    else map2d.setPinMode(true);
  },
  resize: () => setTimeout(() => map2d.resize(), 0),
};

/** Moves to a view {center, zoom, pitch?, bearing?} in whichever map is shown. */
function go(view) {
  if (solid()) return map3d.goTo(view);
  if (view.pitch > 5) state.view = "2.5d";
  else if (view.pitch === 0) state.view = "2d";
  emit("view", state.view);
  emit("layers");
  map2d.jump(view);
}

window.addEventListener("hashchange", () => isForeign() && location.reload());
boot().catch((error) => {
  window.__errors.push(String(error.stack || error));
  console.error(error);
  setLang(document.documentElement.lang || "zh");
  document.getElementById("stage").append(h("div", { class: "stage-note", role: "alert" }, t("bootFailed", error.message)));
});
