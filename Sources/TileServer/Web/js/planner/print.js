// SPDX-License-Identifier: Apache-2.0
// A sheet to print or save as PDF: title, the map drawn for the paper, legend, scale bar and true scale, north arrow, source.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import { number, t, title } from "../i18n.js";
import * as map2d from "../map2d.js";
import { state } from "../state.js";
import { compose, LIVE_TILES } from "../style.js";

const PAPERS = { a4l: ["A4", 297, 210], a4p: ["A4", 210, 297], a3l: ["A3", 420, 297] };
const MARGIN = 12; // mm
const SCALES = [500, 1000, 2000, 5000, 10000, 25000, 50000, 100000];
const MM = 96 / 25.4; // CSS pixels
const chosen = { paper: "a4l", scale: "", title: "", note: "" };
let city = null;

export function start(theCity) {
  city = theCity;
}

export function ask() {
  const select = (id, key, options) => h("label", { class: "form-row" }, h("span", { class: "lbl" }, t(key)),
    h("select", { class: "field", id: `print-${id}`, onchange: (event) => { chosen[id] = event.target.value; } },
      options.map(([value, text]) => h("option", { value, selected: value === chosen[id] }, text))));
  const text = (id, key, value) => h("label", { class: "form-row" }, h("span", { class: "lbl" }, t(key)),
    h("input", { class: "field", id: `print-${id}`, value, oninput: (event) => { chosen[id] = event.target.value; } }));
  chosen.title ||= heading();
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const run = h("button", { class: "btn primary", id: "print-run", onclick: async () => {
    run.disabled = true;
    try {
      await sheet();
      dialog.close();
      window.print();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
    run.disabled = false;
  } }, t("printRun"));
  const dialog = h("dialog", { class: "dialog", id: "print-dialog", onclose: () => dialog.remove() }, h("h2", {}, t("print")),
    text("title", "printTitle", chosen.title),
    select("paper", "printPaper", [["a4l", t("printA4l")], ["a4p", t("printA4p")], ["a3l", t("printA3l")]]),
    select("scale", "printScale", [["", t("printScaleView")], ...SCALES.map((s) => [String(s), `1:${number(s)}`])]),
    text("note", "printNote", chosen.note), problem,
    h("div", { class: "row" }, h("button", { class: "btn", onclick: () => dialog.close() }, t("cancel")), run));
  document.body.append(dialog);
  dialog.showModal();
}

function heading() {
  const name = title(city.name, city.id);
  const layer = state.thematic && city.layers.find((l) => l.id === state.thematic.layer);
  const field = layer && layer.fields.find((f) => f.name === state.thematic.field);
  return layer ? `${name} · ${title(layer.title, layer.id)}${field ? ` · ${title(field.title, field.name)}` : ""}` : name;
}

const shownLayers = () => city.layers.filter((l) => state.layers.has(l.id) && l.count);

/** Draws the map for the paper in a map of its own: [picture as a data URL, ground metres per CSS pixel at the centre, bearing]. */
async function draw(width, height) {
  const view = map2d.view();
  const across = 40075016.686 * Math.cos((view.center[1] * Math.PI) / 180) / 512;
  const stage = document.getElementById("map2d");
  const fitted = view.zoom + Math.log2(Math.min(width / stage.clientWidth, height / stage.clientHeight));
  const zoom = chosen.scale ? Math.log2(across / (Number(chosen.scale) / 1000 / MM)) : fitted;
  const container = h("div", { style: { position: "absolute", left: "-10000px", top: "0", width: `${width}px`, height: `${height}px` } });
  document.body.append(container);
  const style = compose(map2d.baseStyle(), city, { ...map2d.overlays(), live: null });
  style.layers = style.layers.filter((layer) => layer.source !== LIVE_TILES); // terminals of this moment are no map
  const map = new maplibregl.Map({
    container, style, center: view.center, zoom, bearing: view.bearing, pitch: 0, interactive: false, fadeDuration: 0,
    attributionControl: false, transformRequest: api.transformRequest, maxZoom: 22, pixelRatio: 2, canvasContextAttributes: { preserveDrawingBuffer: true },
    localIdeographFontFamily: '"Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif',
  });
  try {
    await new Promise((resolve, reject) => {
      map.once("idle", resolve);
      setTimeout(() => reject(new Error(t("printSlow"))), 60000);
    });
    return [map.getCanvas().toDataURL("image/png"), across / 2 ** zoom, view.bearing];
  } finally {
    map.remove();
    container.remove();
  }
}

/** Builds the sheet in the document, where only printing shows it. */
export async function sheet() {
  const [paper, wide, high] = PAPERS[chosen.paper];
  const width = (wide - 2 * MARGIN) * MM;
  const height = (high - 2 * MARGIN - 32) * MM; // below the title, above the foot
  const [picture, metresPerPixel, bearing] = await draw(width, height);
  document.getElementById("print-sheet")?.remove();
  document.getElementById("print-page")?.remove();
  const rule = h("style", { id: "print-page" });
  rule.textContent = `@page { size: ${wide}mm ${high}mm; margin: ${MARGIN}mm; }`;
  document.head.append(rule);
  const image = h("img", { src: picture, alt: chosen.title, style: { width: `${width}px`, height: `${height}px` } });
  document.body.append(h("section", { id: "print-sheet", class: "print-sheet", "data-paper": paper },
    h("header", {}, h("h1", {}, chosen.title), h("span", {}, new Date().toLocaleDateString("zh-CN"))),
    h("div", { class: "print-map" }, image, north(bearing), legend()),
    h("footer", {}, scaleBar(metresPerPixel), h("div", { class: "print-source" }, source()))));
  await image.decode();
}

function source() {
  const departments = [...new Set(shownLayers().map((l) => l.department).filter(Boolean))];
  return [
    h("div", {}, `${t("printSource")}：${departments.join("、") || "—"}`),
    h("div", {}, [`${t("crs")} ${city.crs}`, `${t("version")} ${city.version}`, chosen.note, "TwinEngine"].filter(Boolean).join(" · ")),
  ];
}

/** A north arrow, turned against the map's bearing. */
function north(bearing) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 40 56");
  svg.setAttribute("class", "print-north");
  svg.setAttribute("aria-label", t("northUp"));
  const add = (tag, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text) element.textContent = text;
    svg.append(element);
  };
  const turn = `rotate(${-bearing} 20 34)`;
  add("path", { d: "M20 16L30 52L20 44Z", fill: "#14202f", transform: turn });
  add("path", { d: "M20 16L10 52L20 44Z", fill: "#fff", stroke: "#14202f", transform: turn });
  add("text", { x: 20, y: 12, "text-anchor": "middle", "font-size": 13, "font-weight": 700, transform: turn }, t("northLetter"));
  return svg;
}

/** Two units long, alternately filled; and the scale as a number, true at the middle of the map. */
function scaleBar(metresPerPixel) {
  const target = metresPerPixel * MM * 30;
  const power = 10 ** Math.floor(Math.log10(target));
  const unit = [5, 2, 1].map((f) => f * power).find((v) => v <= target);
  const width = unit / metresPerPixel;
  const words = (value) => (unit * 2 >= 1000 ? `${number(value / 1000, 2)} km` : `${number(value, 1)} m`);
  const ratio = metresPerPixel * MM * 1000;
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(ratio)) - 2);
  return h("div", { class: "print-scale", "data-ratio": ratio.toFixed(1) },
    h("b", {}, `${t("scale")} 1:${number(chosen.scale ? Number(chosen.scale) : Math.round(ratio / digits) * digits)}`),
    h("div", { class: "print-bar", style: { width: `${2 * width}px` } }, h("i", {}), h("i", {})),
    h("div", { class: "print-bar-words", style: { width: `${2 * width}px` } }, h("span", {}, "0"), h("span", {}, words(unit)), h("span", {}, words(2 * unit))));
}

/** The thematic legend as on the screen, or the layers with their colours. */
function legend() {
  const box = document.getElementById("legend2d");
  if (state.thematic && box && !box.hidden) return h("div", { class: "print-legend" }, ...[...box.childNodes].map((node) => node.cloneNode(true)));
  const entries = shownLayers().filter((l) => l.geometry !== "point" || !l.zoom || map2d.view().zoom >= l.zoom[0]).slice(0, 40).flatMap((l) => {
    const by = l.style && l.style.by && l.style.by.values;
    const swatch = (color) => h("span", { class: `swatch ${{ line: "line", point: "circle" }[l.geometry] || ""}`, style: { background: color } });
    if (!by || l.base) return [h("li", {}, swatch((l.style || {}).color || "#888"), title(l.title, l.id))];
    return [h("li", { class: "head" }, title(l.title, l.id)), ...Object.entries(by).slice(0, 16).map(([name, color]) => h("li", {}, swatch(color), name))];
  });
  return h("div", { class: "print-legend" }, h("h4", {}, t("legend")), fill(h("ul", {}), entries));
}
