// SPDX-License-Identifier: Apache-2.0
// Drawing a line or a polygon on the 2D map, by mouse or from the keyboard.

import { note } from "./dom.js";
import { t } from "./i18n.js";
import * as map2d from "./map2d.js";

let work = null; // {kind, points, resolve}

/** Resolves with the drawn geometry, or null when it is given up (Escape). `kind`: "LineString" or "Polygon". */
export function draw(kind) {
  stop();
  return new Promise((resolve) => {
    work = { kind, points: [], cursor: null, resolve };
    note(t(kind === "Polygon" ? "drawPolygon" : "drawLine"));
    map2d.capture({ click: add, move: hover, finish, cancel: stop, back });
    document.addEventListener("keydown", keys);
  });
}

export const busy = () => Boolean(work);

function keys(event) {
  if (/^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(event.target.tagName)) return;
  const action = { Escape: stop, Enter: finish, Backspace: back, " ": () => add(map2d.view().center) }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function add(at) {
  const last = work.points[work.points.length - 1];
  if (last && last[0] === at[0] && last[1] === at[1]) return; // the second click of a double click
  work.points.push(at);
  show();
}

function hover(at) {
  if (!work.points.length) return;
  work.cursor = at;
  show();
}

function back() {
  work.points.pop();
  show();
}

const shape = (points, kind) => (kind === "Polygon" && points.length > 2 ? { type: "Polygon", coordinates: [[...points, points[0]]] } : { type: "LineString", coordinates: points });

function show() {
  const points = work.cursor ? [...work.points, work.cursor] : work.points;
  const features = points.length > 1 ? [{ type: "Feature", properties: {}, geometry: shape(points, work.kind) }] : [];
  for (const at of work.points) features.push({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: at } });
  map2d.showDrawn(features);
}

function finish() {
  const { kind, points, resolve } = work;
  if (points.length < (kind === "Polygon" ? 3 : 2)) return note(t("drawMore"));
  end();
  resolve(shape(points, kind));
}

function end() {
  work = null;
  note("");
  map2d.capture(null);
  map2d.showDrawn([]);
  document.removeEventListener("keydown", keys);
}

/** Gives up what is being drawn. */
export function stop() {
  if (!work) return;
  const { resolve } = work;
  end();
  resolve(null);
}
