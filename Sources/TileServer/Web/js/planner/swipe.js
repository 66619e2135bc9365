// SPDX-License-Identifier: Apache-2.0
// Two plans, or a plan at two moments, over the same ground, divided by a line that is dragged: the left one on the page's
// map, the right one on a second map that follows it. A side is "layer" or "layer@instant".

import * as api from "../api.js";
import { fill, h, note } from "../dom.js";
import { onLang, t, title } from "../i18n.js";
import * as map2d from "../map2d.js";
import { emit, on, remember, state } from "../state.js";
import { compose, past } from "../style.js";

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

const part = (side) => {
  const [id, at] = side.split("@");
  return { id, at: at || null };
};
let hasPast = false;

/** The sides without a moment that the server cannot show; why is told. */
async function possible(sides) {
  hasPast = await api.hasPast().catch(() => false);
  return Promise.all(sides.map(async (side) => {
    const { id, at } = part(side);
    if (!at || !hasPast) return id;
    try {
      await api.checkPast(id, at);
      return side;
    } catch (error) {
      note(error.message);
      return id;
    }
  }));
}

/** What can be compared: areas; plans first. */
const choices = () => city.layers.filter((l) => l.geometry === "polygon" && l.count).sort((a, b) => Number(a.base) - Number(b.base));

export function toggle() {
  if (state.swipe) return stop();
  const [first, second] = choices();
  if (first && second) begin([first.id, second.id]);
}

/** Shows plan `sides[0]` left and `sides[1]` right of the line. */
export async function begin(asked) {
  if (!asked.every((side) => choices().some((l) => l.id === part(side).id))) return stop();
  const sides = await possible(asked);
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
  map2d.setMoment({});
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
  state.layers = sideLayers(part(state.swipe[0]).id);
  map2d.setMoment(part(state.swipe[0]));
  state.live = false;
  emit("live:visible");
  emit("layers");
  emit("swipe");
}

function style() {
  const shown = part(state.swipe[1]);
  return compose(past(map2d.baseStyle(), shown), city, { selected: map2d.overlays().selected }, sideLayers(shown.id));
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
  const put = (i, id, at) => {
    const sides = [...state.swipe];
    sides[i] = at ? `${id}@${at}` : id;
    begin(sides);
  };
  const select = (i, key) => {
    const { id, at } = part(state.swipe[i]);
    return h("label", { class: `swipe-side side-${i}` }, h("span", { class: "lbl" }, t(key)),
      h("select", { class: "field", id: `swipe-${i}`, onchange: (event) => put(i, event.target.value, at) }, choices().map((l) => h("option", { value: l.id, selected: l.id === id }, title(l.title, l.id)))),
      hasPast && h("input", { class: "field", type: "datetime-local", step: 1, id: `swipe-at-${i}`, value: at ? local(at) : "", title: t("swipeAt"), "aria-label": t("swipeAt"),
        onchange: (event) => put(i, id, event.target.value ? new Date(event.target.value).toISOString().replace(".000", "") : null) }));
  };
  const range = h("input", { type: "range", id: "swipe-range", min: 0, max: 100, step: 0.5, value: split * 100, "aria-label": t("swipeLine"),
    oninput: (event) => { split = Number(event.target.value) / 100; place(); } });
  fill(bar, h("div", { class: "swipe-line", onpointerdown: drag(range) }, h("i", { "aria-hidden": "true" }, "⇔")),
    h("div", { class: "swipe-panel" }, select(0, "swipeLeft"), range, select(1, "swipeRight"),
      h("button", { class: "icon-btn", id: "swipe-close", title: t("close"), "aria-label": t("close"), onclick: stop }, "✕")));
  place();
}

/** An instant in the form of a date and time field: the browser's own time zone. */
function local(at) {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
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
