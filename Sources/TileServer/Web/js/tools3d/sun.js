// SPDX-License-Identifier: Apache-2.0
// Sunlight and shadows at a date and a time of day.

import { h } from "../dom.js";
import { number, onLang, t } from "../i18n.js";
import { sunAt } from "../solar.js";

const REACH = 3000; // metres from the eye within which shadows are drawn
let ctx = null;
let redraw = null;
let on = false;
let mode = "3d";
let date = new Date().toISOString().slice(0, 10);
let minutes = 15 * 60;
let zone = 8;
let plain = null; // the light without the sun
let timer = 0;

export function start(context, draw) {
  ctx = context;
  redraw = draw;
  const lon = (ctx.city.extent[0] + ctx.city.extent[2]) / 2;
  const code = Number((ctx.city.crs || "").replace("EPSG:", ""));
  zone = code >= 4490 && code <= 4554 ? 8 : Math.round(lon / 15); // CGCS2000: all of China keeps UTC+8
  onLang(() => on && words());
}

export const active = () => on;
export function open() {
  if (!on) set(true);
}
export function entered(view) {
  mode = view;
  apply();
}

/** The moment shown, as a JavaScript date. */
const moment = () => new Date(Date.parse(`${date}T00:00:00Z`) + (minutes - zone * 60) * 60000);

/** Where the sun stands over the city: altitude and azimuth (from north, clockwise) in degrees; no refraction. */
export function position() {
  const [w, s, e, n] = ctx.city.extent;
  return sunAt(moment(), (w + e) / 2, (s + n) / 2);
}

function set(value) {
  on = value;
  apply();
  redraw();
}

function apply() {
  const { C, scene } = ctx;
  plain ||= scene.light;
  const shown = on && mode === "3d";
  const at = position();
  const up = at.altitude > 0;
  if (shown) {
    const [w, s, e, n] = ctx.city.extent;
    const frame = C.Transforms.eastNorthUpToFixedFrame(C.Cartesian3.fromDegrees((w + e) / 2, (s + n) / 2));
    const [high, turn] = [C.Math.toRadians(at.altitude), C.Math.toRadians(at.azimuth)];
    const away = new C.Cartesian3(-Math.sin(turn) * Math.cos(high), -Math.cos(turn) * Math.cos(high), -Math.sin(high));
    const direction = C.Matrix4.multiplyByPointAsVector(frame, away, away);
    scene.light = new C.DirectionalLight({ direction, intensity: up ? 0.9 + 1.8 * Math.min(1, at.altitude / 30) : 0.25 });
    ctx.skylight(0.12 + 0.3 * Math.max(0, Math.min(1, (at.altitude + 6) / 36)));
  } else {
    scene.light = plain;
    ctx.skylight();
  }
  const map = scene.shadowMap;
  map.size = ctx.software ? 1024 : 2048;
  map.softShadows = !ctx.software;
  map.maximumDistance = REACH;
  map.darkness = 0.5;
  map.normalOffset = true;
  map.enabled = shown && up;
  scene.globe.shadows = shown && up ? C.ShadowMode.RECEIVE_ONLY : C.ShadowMode.DISABLED;
  for (const { model, tileset } of ctx.models) tileset.shadows = shown && up && model.kind !== "pipes" ? C.ShadowMode.ENABLED : C.ShadowMode.DISABLED;
  scene.requestRender();
}

/** Draws soon: a slider that is dragged asks for many moments. */
function change() {
  words();
  clearTimeout(timer);
  timer = setTimeout(apply, 60);
}

const clock = () => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

function words() {
  const at = position();
  const element = document.getElementById("sun-words");
  if (element) {
    element.dataset.altitude = at.altitude;
    element.dataset.azimuth = at.azimuth;
    element.textContent = at.altitude > 0 ? t("sunAt", number(at.altitude, 1), number(at.azimuth, 1)) : t("sunDown");
  }
  const word = document.getElementById("sun-clock");
  if (word) word.textContent = clock();
}

export function panel() {
  const preset = (key, month, day) => h("button", { class: "chip", "data-day": key, onclick: () => { date = `${date.slice(0, 4)}-${month}-${day}`; apply(); redraw(); } }, t(key));
  const box = [
    h("label", { class: "check" }, h("input", { type: "checkbox", id: "sun-on", checked: on, onchange: (event) => set(event.target.checked) }), t("sunOn")),
    h("label", { class: "form-row" }, h("span", { class: "lbl" }, t("sunDate")),
      h("input", { class: "field", type: "date", id: "sun-date", value: date, onchange: (event) => { if (event.target.value) date = event.target.value; change(); } })),
    h("div", { class: "row" }, preset("sunSpring", "03", "20"), preset("sunSummer", "06", "21"), preset("sunCold", "01", "20"), preset("sunWinter", "12", "21")),
    h("label", { class: "form-row" }, h("span", { class: "lbl" }, t("sunTime")),
      h("input", { type: "range", id: "sun-time", min: 0, max: 1439, step: 5, value: minutes, oninput: (event) => { minutes = Number(event.target.value); change(); } }),
      h("b", { id: "sun-clock" }, clock())),
    h("label", { class: "form-row" }, h("span", { class: "lbl" }, t("sunZone")), "UTC +",
      h("input", { class: "field", type: "number", id: "sun-zone", min: -12, max: 14, step: 0.5, value: zone,
        onchange: (event) => { zone = Math.min(14, Math.max(-12, Number(event.target.value) || 0)); change(); } })),
    h("p", { id: "sun-words", role: "status" }),
    h("p", { class: "mute" }, t(mode === "underground" ? "sunUnder" : "sunNote", REACH)),
  ];
  queueMicrotask(words);
  return box;
}
