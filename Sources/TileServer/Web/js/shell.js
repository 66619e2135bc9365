// SPDX-License-Identifier: Apache-2.0
// The frame around the map: top bar, tabs, map tools, status bar.

import { fill, h, icon } from "./dom.js";
import { lang, metres, number, onLang, t, title } from "./i18n.js";
import * as search from "./search.js";
import { emit, on, remember, state } from "./state.js";
import * as token from "./token.js";
import { token as hasToken } from "./api.js";

const VIEWS = [["2d", "view2d"], ["2.5d", "view25d"], ["3d", "view3d"], ["underground", "viewUnder"]];
const TABS = [["feature", "tabFeature"], ["radius", "tabRadius"], ["plan", "tabPlan"], ["live", "tabLive"], ["scenario", "tabScenario"]];
let city = null;

/** Builds the frame. `actions`: view(id), lang(id), theme(id), go({center, zoom}), zoom(step), north(), home(), resize(). */
export function start(theCity, actions) {
  city = theCity;
  onLang(() => {
    document.title = `${title(city.name, city.id)} · ${t("product")}`;
    topbar(actions);
    tabs();
    tools(actions);
    statusbar();
  });
  on("view", marks);
  on("tab", (tab) => { state.tab = tab; showTab(); remember(); });
  on("cursor", (at) => put("st-cursor", at ? `${at[0].toFixed(6)}, ${at[1].toFixed(6)}${at.length > 2 ? `, ${at[2].toFixed(1)} m` : ""}` : "—"));
  on("camera", camera);
  on("style", relief);
  on("view", relief);
  on("view", planTools);
  on("swipe", planTools);
  on("dock", (open) => { document.getElementById("stage").classList.toggle("docked", open); planTools(); });
  on("version", (version) => put("st-version", String(version ?? city.version)));
}

/** The terrain button, where the server has the ground's heights. */
function relief() {
  const button = document.getElementById("terrain");
  if (!button) return;
  button.hidden = !state.hasTerrain || !["2d", "2.5d"].includes(state.view);
  button.classList.toggle("on", state.terrain);
  button.setAttribute("aria-pressed", String(state.terrain));
}

function put(id, text) {
  const element = document.getElementById(id);
  if (element) element.textContent = text;
}

function topbar(actions) {
  const segments = (name, label, items, current, choose) => h("div", { class: "segments", role: "group", "aria-label": label, id: name },
    items.map(([id, word]) => h("button", { "data-value": id, "aria-pressed": String(id === current), onclick: () => choose(id) }, word)));
  fill(document.getElementById("topbar"),
    h("div", { class: "brand" }, h("img", { src: "/web/icon.svg", alt: "" }), h("h1", { title: title(city.name, city.id) }, title(city.name, city.id)), h("p", {}, t("product"))),
    segments("views", t("viewLabel"), VIEWS.map(([id, key]) => [id, t(key)]), state.view, actions.view),
    h("div", { class: "search" }, search.element(city, actions.go), h("button", { title: t("searchGo"), "aria-label": t("searchGo"), onclick: search.enter }, icon("search"))),
    segments("langs", t("language"), [["zh", "中文"], ["en", "EN"]], lang(), actions.lang),
    h("button", { class: "tool" + (hasToken() ? " on" : ""), id: "token", title: t(hasToken() ? "tokenOn" : "tokenEnter"),
      "aria-label": t(hasToken() ? "tokenOn" : "tokenEnter"), onclick: token.ask }, icon("key")),
    h("button", { class: "tool", id: "theme", title: t("theme"), "aria-label": t("theme"),
      onclick: () => actions.theme(state.theme === "dark" ? "light" : "dark") }, icon(state.theme === "dark" ? "sun" : "moon")),
    side("left", "toggleLeft", actions), side("right", "toggleRight", actions));
}

function side(name, key, actions) {
  return h("button", { class: "tool", title: t(key), "aria-label": t(key), "aria-pressed": "true", onclick: (event) => {
    const hidden = document.getElementById("workspace").classList.toggle(`no-${name}`);
    document.getElementById(name).hidden = false;
    document.getElementById(name).inert = hidden;
    event.currentTarget.setAttribute("aria-pressed", String(!hidden));
    actions.resize();
  } }, icon(name));
}

function tabs() {
  const bar = document.getElementById("tabs");
  if (!bar) return;
  fill(bar, TABS.map(([id, key]) => h("button", {
    role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, "data-tab": id, onclick: () => emit("tab", id),
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = TABS[(TABS.findIndex(([other]) => other === id) + step + TABS.length) % TABS.length][0];
      emit("tab", next);
      document.getElementById(`tab-${next}`).focus();
    },
  }, t(key))));
  showTab();
}

/** Creates the right side's tabs and returns their panels by name. */
export function buildTabs(container) {
  const panels = {};
  const bar = h("div", { class: "tabs", role: "tablist", id: "tabs" });
  fill(container, bar, TABS.map(([id]) => {
    panels[id] = h("section", { class: "panel", role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, hidden: true });
    return panels[id];
  }));
  return panels;
}

function showTab() {
  for (const [id] of TABS) {
    const button = document.getElementById(`tab-${id}`);
    if (!button) return;
    button.setAttribute("aria-selected", String(id === state.tab));
    button.tabIndex = id === state.tab ? 0 : -1;
    document.getElementById(`panel-${id}`).hidden = id !== state.tab;
  }
}

function tools(actions) {
  const button = (id, label, content, action) => h("button", { id, title: label, "aria-label": label, onclick: action }, content);
  fill(document.getElementById("stage-tools"),
    h("div", { class: "stack" }, button("zoom-in", t("zoomIn"), "+", () => actions.zoom(1)), button("zoom-out", t("zoomOut"), "−", () => actions.zoom(-1)),
      button("north", t("northUp"), icon("north"), actions.north)),
    h("div", { class: "stack" }, button("home", t("home"), icon("home"), actions.home), button("pin", t("pinDrop"), icon("pin"), actions.pin),
      h("button", { id: "terrain", title: t("terrain"), "aria-label": t("terrain"), "aria-pressed": String(state.terrain), class: state.terrain ? "on" : "",
        hidden: !state.hasTerrain, onclick: actions.terrain }, icon("relief"))),
    h("div", { class: "stack", id: "plan-tools" },
      button("open-table", t("table"), icon("table"), () => emit("table", state.table ? null : (state.thematic || {}).layer || city.layers.find((l) => l.count && l.fields.length && (l.id === "parcels" || !l.base)).id)),
      button("open-swipe", t("swipe"), icon("swipe"), actions.swipe), button("open-print", t("print"), icon("print"), actions.print)));
  planTools();
}

/** Tools of the 2D map go with it; those that are on are marked. */
function planTools() {
  const flat = ["2d", "2.5d"].includes(state.view);
  for (const [id, on] of [["open-table", state.table], ["open-swipe", state.swipe], ["open-print", false]]) {
    const button = document.getElementById(id);
    if (!button) return;
    button.hidden = !flat && id !== "open-table";
    button.classList.toggle("on", Boolean(on));
    button.setAttribute("aria-pressed", String(Boolean(on)));
  }
}

function statusbar() {
  const datum = city.vertical && city.vertical.datum;
  const item = (key, id, text, cls) => h("span", { class: cls || "" }, `${t(key)} `, h("b", { id }, text));
  fill(document.getElementById("statusbar"),
    h("span", {}, h("i", { class: "scalebar", id: "st-bar" }), h("b", { id: "st-scale" }, "")),
    h("span", { style: { "min-width": "204px" } }, `${t("cursor")} `, h("b", { id: "st-cursor" }, "—")),
    h("span", {}, h("i", { id: "st-zoom-word", style: { "font-style": "normal" } }, t("zoom")), " ", h("b", { id: "st-zoom" }, "")),
    h("span", { class: "grow" }),
    item("version", "st-version", String(city.version ?? "—")),
    item("crs", "st-crs", city.crs || "—"),
    item("vertical", "st-vertical", !datum || datum === "unknown" ? t("unknownDatum") : datum, "wide"),
    h("span", { class: "wide" }, "TwinEngine"));
  if (lastCamera) camera(lastCamera);
}

let lastCamera = null;
function camera(now) {
  lastCamera = now;
  put("st-zoom-word", now.height === undefined ? t("zoom") : t("height"));
  put("st-zoom", now.height === undefined ? now.zoom.toFixed(1)
    : `${metres(Math.abs(now.height))}${now.height < 0 ? ` ${t("below")}` : ""}`);
  const bar = document.getElementById("st-bar");
  if (!bar || !(now.metresPerPixel > 0)) return;
  const target = now.metresPerPixel * 110;
  const power = 10 ** Math.floor(Math.log10(target));
  const nice = [5, 2, 1].map((f) => f * power).find((v) => v <= target) || power;
  bar.style.width = `${(nice / now.metresPerPixel).toFixed(0)}px`;
  put("st-scale", nice >= 1000 ? `${number(nice / 1000)} km` : `${number(nice, 2)} m`);
}

function marks() {
  for (const button of document.querySelectorAll("#views button")) button.setAttribute("aria-pressed", String(button.dataset.value === state.view));
}
