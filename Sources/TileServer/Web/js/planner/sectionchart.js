// SPDX-License-Identifier: Apache-2.0
// The drawing of a section as SVG: ground, pipes to scale in both directions, cover and clearances.

import { number, t } from "../i18n.js";

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 400;
const HEIGHT = 240;
const PAD = { left: 40, right: 12, top: 18, bottom: 32 };

function node(tag, attributes = {}, text) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

const heights = (answer, kind) => [...answer.ground.map((g) => g[1]),
  ...(kind === "cross" ? answer.crossings.flatMap((c) => [c.top, c.invert, c.ground]) : answer.along.flatMap((s) => [s.from.top, s.from.invert, s.to.top, s.to.invert]))].filter((v) => Number.isFinite(v));

/** Round steps: about `count` of them from low to high. */
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough);
  const list = [];
  for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) list.push(Number(v.toFixed(6)));
  return list;
}

/** `kind`: "cross" (pipes that cross the line) or "along" (pipes that run along it). `point(pipe)` is told what the mouse or the keyboard is on. */
export function chart(answer, kind, point, { name, size }) {
  const all = heights(answer, kind);
  const margin = Math.max(0.4, (Math.max(...all) - Math.min(...all)) * 0.12);
  const [low, high] = [Math.min(...all) - margin, Math.max(...all) + margin];
  const stations = kind === "cross" ? answer.crossings.map((c) => c.station) : answer.along.flatMap((s) => [s.from.station, s.to.station]);
  const spread = Math.max(2, (Math.max(...stations) - Math.min(...stations)) * 0.12);
  const from = Math.max(0, Math.min(...stations) - spread);
  const to = Math.min(answer.length, Math.max(...stations) + spread);
  const x = (v) => PAD.left + ((v - from) / (to - from || 1)) * (WIDTH - PAD.left - PAD.right);
  const y = (v) => PAD.top + ((high - v) / (high - low)) * (HEIGHT - PAD.top - PAD.bottom);
  const svg = node("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: `section section-${kind}`, role: "img", "aria-label": t(kind === "cross" ? "sectionCross" : "sectionAlong") });
  axes(svg, { x, y, from, to, low, high });
  ground(svg, answer, { x, y, from, to, low });
  if (kind === "cross") crossings(svg, answer, { x, y }, point, name, size);
  else stretches(svg, answer, { x, y }, point, name);
  return svg;
}

function axes(svg, { x, y, from, to, low, high }) {
  for (const v of ticks(low, high, 5)) {
    svg.append(node("line", { x1: PAD.left, x2: WIDTH - PAD.right, y1: y(v), y2: y(v), class: "grid-line" }), node("text", { x: PAD.left - 5, y: y(v) + 4, "text-anchor": "end" }, number(v, 2)));
  }
  for (const v of ticks(from, to, 6)) svg.append(node("text", { x: x(v), y: HEIGHT - PAD.bottom + 15, "text-anchor": "middle" }, number(v, 1)));
  svg.append(node("line", { x1: PAD.left, x2: WIDTH - PAD.right, y1: HEIGHT - PAD.bottom, y2: HEIGHT - PAD.bottom, class: "axis" }),
    node("text", { x: 4, y: 11, class: "mute" }, t("sectionHeight")), node("text", { x: WIDTH - PAD.right, y: HEIGHT - 4, "text-anchor": "end", class: "mute" }, t("sectionDistance")));
}

function ground(svg, answer, { x, y, from, to, low }) {
  const known = answer.ground.length > 1 ? answer.ground : answer.crossings.filter((c) => c.ground !== null).map((c) => [c.station, c.ground]);
  if (!known.length) return;
  const inside = known.filter(([s]) => s >= from - 1e-6 && s <= to + 1e-6);
  const before = known.filter(([s]) => s < from).pop();
  const after = known.find(([s]) => s > to);
  const list = [...(before ? [[from, before[1]]] : []), ...inside, ...(after ? [[to, after[1]]] : [])];
  if (list.length === 1) list.push([to, list[0][1]]);
  const line = list.map(([s, v]) => `${x(s).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
  svg.append(node("polygon", { points: `${line} ${x(list[list.length - 1][0])},${y(low)} ${x(list[0][0])},${y(low)}`, class: "earth" }), node("polyline", { points: line, class: "ground" }));
}

function interactive(element, pipe, point, words) {
  element.setAttribute("tabindex", "0");
  element.setAttribute("class", "pipe");
  element.dataset.pipe = `${pipe.layer}/${pipe.id}`;
  element.append(node("title", {}, words));
  element.addEventListener("mouseenter", () => point(pipe));
  element.addEventListener("focus", () => point(pipe));
  return element;
}

function crossings(svg, answer, { x, y }, point, name, size) {
  let lastLabel = -Infinity;
  for (const c of answer.clearances) clearance(svg, answer.crossings[c.first], answer.crossings[c.second], c, { x, y });
  for (const c of answer.crossings) {
    const [rx, ry] = [Math.max(2.5, x(c.half_span ?? c.width / 2) - x(0)), Math.max(2.5, (y(0) - y(c.height)) / 2)];
    const group = interactive(node("g"), c, point, `${name(c)} ${size(c)} · ${t("sectionTop")} ${number(c.top, 2)}${c.cover === null ? "" : ` · ${t("sectionCover")} ${number(c.cover, 2)} m`}`);
    if (c.cover !== null && c.cover > 0) group.append(node("line", { x1: x(c.station), x2: x(c.station), y1: y(c.ground), y2: y(c.top), class: "cover" }));
    const style = { fill: c.color || "#888", class: "body" };
    group.append(c.shape === "round" ? node("ellipse", { cx: x(c.station), cy: y(c.axis), rx, ry, ...style }) : node("rect", { x: x(c.station) - rx, y: y(c.axis) - ry, width: 2 * rx, height: 2 * ry, ...style }));
    if (c.cover !== null && x(c.station) - lastLabel > 30) {
      group.append(node("text", { x: x(c.station) + 3, y: (y(c.ground) + y(c.top)) / 2 + 3, class: "value" }, number(c.cover, 2)));
      lastLabel = x(c.station);
    }
    svg.append(group);
  }
}

/** A dimension between two neighbours, where there is room for its figure; red where it is less than asked for. */
function clearance(svg, a, b, c, { x, y }) {
  const [left, right] = [x(a.station), x(b.station)];
  if (right - left < 30) return;
  const level = Math.max(y(a.invert), y(b.invert)) + 12;
  const bad = c.required !== null && c.distance < c.required;
  svg.append(node("line", { x1: left, x2: right, y1: level, y2: level, class: `clear${bad ? " bad" : ""}` }),
    node("text", { x: (left + right) / 2, y: level - 3, "text-anchor": "middle", class: `value${bad ? " bad" : ""}` }, number(c.distance, 2)));
}

function stretches(svg, answer, { x, y }, point, name) {
  for (const s of answer.along) {
    const [x1, x2] = [x(s.from.station), x(s.to.station)];
    const band = node("polygon", { points: `${x1},${y(s.from.top) - 0.8} ${x2},${y(s.to.top) - 0.8} ${x2},${y(s.to.invert) + 0.8} ${x1},${y(s.from.invert) + 0.8}`, fill: s.color || "#888" });
    const group = interactive(node("g"), s, point, `${name(s)} ${s.code || s.id} · ${number(s.from.axis, 2)} → ${number(s.to.axis, 2)} m`);
    group.append(band);
    svg.append(group);
  }
}
