// SPDX-License-Identifier: Apache-2.0
// Two plans over the same ground, divided by a line that is dragged: the left one on the page's map, the right one on a
// second map that follows it.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import { onLang, t, title } from "../i18n.js";
import * as map2d from "../map2d.js";
import { emit, on, remember, state } from "../state.js";
import { compose } from "../style.js";

let city = null;
let right = null; // the second map
let box = null;
let bar = null;
let split = 0.5;
let before = null; // the layers shown before the comparison
let hadLive = false;

export function start(theCity) {
  city = theCity;
  onLang(draw);
  on("style", restyle);
  on("feature", restyle);
  on("select", (what) => !what && setTimeout(restyle, 0));
  on("camera", follow);
  on("view", () => state.swipe && !flat() && stop());
  if (state.swipe) begin(state.swipe);
}

const flat = () => state.view === "2d" || state.view === "2.5d";

/** What can be compared: areas; plans first. */
const choices = () => city.layers.filter((l) => l.geometry === "polygon" && l.count).sort((a, b) => Number(a.base) - Number(b.base));

export function toggle() {
  if (state.swipe) return stop();
  const [first, second] = choices();
  if (first && second) begin([first.id, second.id]);
}

/** Shows plan `sides[0]` left and `sides[1]` right of the line. */
export async function begin(sides) {
  if (!sides.every((id) => choices().some((l) => l.id === id))) return stop();
  if (!before) {
    before = new Set(state.layers);
    hadLive = state.live;
  }
  state.swipe = sides;
  show();
  if (!right) {
    box = h("div", { class: "swipe-map", id: "swipe-map", "aria-hidden": "true" });
    bar = h("div", { class: "swipe", id: "swipe" });
    document.getElementById("stage").append(box, bar);
    const camera = map2d.view();
    right = new maplibregl.Map({
      container: box, style: style(), transformRequest: api.transformRequest, interactive: false, attributionControl: false, maxPitch: 75, maxZoom: 22,
      localIdeographFontFamily: '"Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif',
      center: camera.center, zoom: camera.zoom, pitch: camera.pitch, bearing: camera.bearing, fadeDuration: 100,
    });
    right.on("error", () => {}); // the left map reports what both ask for
    map2d.addMap({ map: right, covers: (point) => point.x > split * box.clientWidth });
  } else right.setStyle(style(), { diff: true });
  draw();
  remember();
}

export function stop() {
  if (before) {
    state.layers = before;
    state.live = hadLive;
    emit("live:visible");
  }
  before = null;
  state.swipe = null;
  map2d.addMap(null);
  if (right) {
    right.remove();
    box.remove();
    bar.remove();
  }
  right = box = bar = null;
  emit("layers");
  emit("swipe");
  remember();
}

const sideLayers = (id) => new Set([...city.layers.filter((l) => l.base && before.has(l.id) && l.geometry !== "polygon").map((l) => l.id), ...["land_general", "water"].filter((base) => before.has(base)), id]);

function show() {
  state.layers = sideLayers(state.swipe[0]);
  state.live = false;
  emit("live:visible");
  emit("layers");
  emit("swipe");
}

function style() {
  return compose(map2d.baseStyle(), city, { selected: map2d.overlays().selected }, sideLayers(state.swipe[1]));
}

function restyle() {
  if (right && state.swipe) right.setStyle(style(), { diff: true });
}

function follow(camera) {
  if (right && flat()) right.jumpTo({ center: camera.center, zoom: camera.zoom, pitch: camera.pitch, bearing: camera.bearing });
}

/** Resolves when the second map is drawn. */
export const idle = () => (right ? new Promise((resolve) => right.once("idle", resolve).triggerRepaint()) : Promise.resolve());

function place() {
  box.style.clipPath = `inset(0 0 0 ${split * 100}%)`;
  bar.style.setProperty("--split", `${split * 100}%`);
}

function draw() {
  if (!bar || !state.swipe) return;
  const select = (i, key) => h("label", { class: `swipe-side side-${i}` }, h("span", { class: "lbl" }, t(key)),
    h("select", { class: "field", id: `swipe-${i}`, onchange: (event) => { const sides = [...state.swipe]; sides[i] = event.target.value; begin(sides); } },
      choices().map((l) => h("option", { value: l.id, selected: l.id === state.swipe[i] }, title(l.title, l.id)))));
  const range = h("input", { type: "range", id: "swipe-range", min: 0, max: 100, step: 0.5, value: split * 100, "aria-label": t("swipeLine"),
    oninput: (event) => { split = Number(event.target.value) / 100; place(); } });
  fill(bar, h("div", { class: "swipe-line", onpointerdown: drag(range) }, h("i", { "aria-hidden": "true" }, "⇔")),
    h("div", { class: "swipe-panel" }, select(0, "swipeLeft"), range, select(1, "swipeRight"),
      h("button", { class: "icon-btn", id: "swipe-close", title: t("close"), "aria-label": t("close"), onclick: stop }, "✕")));
  place();
}

const drag = (range) => (event) => {
  event.preventDefault();
  event.target.setPointerCapture(event.pointerId);
  const move = (at) => {
    const area = box.getBoundingClientRect();
    split = Math.min(1, Math.max(0, (at.clientX - area.left) / area.width));
    range.value = split * 100;
    place();
  };
  event.target.onpointermove = move;
  event.target.onpointerup = () => { event.target.onpointermove = null; };
};
