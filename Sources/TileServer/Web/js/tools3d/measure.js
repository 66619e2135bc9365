// SPDX-License-Identifier: Apache-2.0
// Length, area and height in the 3D scene. Points are taken from what is drawn: a roof, a pipe, the ground.
// Figures are ellipsoidal (WGS 84) and their units are stated; heights are above the model's ground.

import { h } from "../dom.js";
import * as geodesy from "../geodesy.js";
import { number, t } from "../i18n.js";
import { shape } from "./overlay.js";

const KINDS = ["length", "area", "height"];
let ctx = null;
let redraw = null;
let kind = "length";
let points = []; // {world: Cartesian3, at: [lon, lat], height: metres}
let done = false;
let drawn = null;
let isOpen = false;

export function start(context, draw) {
  ctx = context;
  redraw = draw;
}

export const active = () => points.length > 0;

export function open() {
  isOpen = true;
  ctx.capture({ click: add, finish, back, cancel: clear });
}

export function close() {
  isOpen = false;
  ctx.capture(null);
  clear();
}

/** A point at the end of a measurement begins a new one. */
function add(position) {
  if (done) clear();
  const world = ctx.worldAt(position);
  if (!world) return;
  const c = ctx.C.Cartographic.fromCartesian(world);
  points.push({ world, at: [ctx.C.Math.toDegrees(c.longitude), ctx.C.Math.toDegrees(c.latitude)], height: c.height });
  if (kind === "height" && points.length === 2) done = true;
  show();
}

function back() {
  points.pop();
  done = false;
  show();
}

function finish() {
  if (points.length > 1) done = true;
  show();
}

function clear() {
  points = [];
  done = false;
  if (drawn) drawn.remove();
  drawn = null;
  if (isOpen) redraw();
}

function middlePoint() {
  const { clientWidth: w, clientHeight: height } = ctx.scene.canvas;
  add(new ctx.C.Cartesian2(w / 2, height / 2));
}

const metres = (value) => `${number(value, value < 100 ? 2 : 1)} m${value >= 10000 ? ` (${number(value / 1000, 2)} km)` : ""}`;
const squares = (value) => `${number(value, value < 1000 ? 2 : 1)} m²${value >= 10000 ? ` (${number(value / 10000, 3)} ha)` : ""}`;

/** What the points say: [key, figure, the number itself]. */
export function figures() {
  const line = points.map((p) => p.at);
  const rise = points.length > 1 ? points[points.length - 1].height - points[0].height : 0;
  const steps = points.slice(1).map((p, i) => Math.hypot(geodesy.distance(line[i], p.at), p.height - points[i].height));
  const spatial = steps.reduce((a, b) => a + b, 0);
  if (points.length < 2) return [];
  if (kind === "height") return [["measureRise", metres(rise), rise], ["measureFlat", metres(geodesy.length(line)), geodesy.length(line)], ["measureSlope", metres(spatial), spatial]];
  if (kind === "length") return [["measureFlat", metres(geodesy.length(line)), geodesy.length(line)], ["measureSlope", metres(spatial), spatial]];
  if (points.length < 3) return [];
  const around = geodesy.length([...line, line[0]]);
  return [["measureArea", squares(geodesy.area(line)), geodesy.area(line)], ["measureAround", metres(around), around]];
}

function show() {
  if (!points.length) return clear();
  drawn ||= shape(kind === "area" ? "area" : "line", "measure");
  const corner = kind === "height" && points.length === 2
    ? [ctx.C.Cartesian3.fromDegrees(...points[0].at, points[1].height)] : [];
  const path = corner.length ? [points[0].world, corner[0], points[1].world] : points.map((p) => p.world);
  const first = figures()[0];
  drawn.update(path, first ? [{ at: points[points.length - 1].world, text: first[1] }] : []);
  redraw();
}

export function panel() {
  const list = figures();
  return [
    h("div", { class: "row", role: "group", "aria-label": t("tool_measure") }, KINDS.map((id) => h("button", {
      class: "chip", "data-measure": id, id: `measure-${id}`, "aria-pressed": String(kind === id), onclick: () => { kind = id; clear(); redraw(); },
    }, t(`measure_${id}`)))),
    h("p", { class: "mute" }, t(kind === "height" ? "measureHintTwo" : "measureHint")),
    h("table", { class: "figures", id: "measure-figures" }, h("tbody", {}, list.map(([key, text, value]) =>
      h("tr", {}, h("th", { scope: "row" }, t(key)), h("td", { "data-figure": key, "data-value": String(value) }, text))))),
    h("div", { class: "row" },
      h("button", { class: "btn", id: "measure-middle", onclick: middlePoint }, t("measureMiddle")),
      h("button", { class: "btn", disabled: points.length < 2 || done, onclick: finish }, t("measureDone")),
      h("button", { class: "btn", disabled: !points.length, onclick: clear }, t("clear"))),
    h("p", { class: "mute" }, t("measureNote")),
  ];
}
