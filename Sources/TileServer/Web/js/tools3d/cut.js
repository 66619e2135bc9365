// SPDX-License-Identifier: Apache-2.0
// The cut-away box: a pit in the ground that bares the pipes, or the city reduced to what is inside the box.

import { h } from "../dom.js";
import * as terrain from "../ground3d.js";
import { number, t } from "../i18n.js";
import { state } from "../state.js";
import { shape } from "./overlay.js";

const FLOOR = "#e4dac4";
const STEP = 4; // metres between the points of the pit's rim, which follows the ground
let ctx = null;
let redraw = null;
let kind = null; // null, "pit" or "keep"
let mode = "3d";
let frame = null; // the box's east-north-up frame, turned by `turn`
let at = null;
const size = { wide: 120, long: 80, deep: 6, turn: 0 };
let outline = null;
let walls = null;

export function start(context, draw) {
  ctx = context;
  redraw = draw;
  terrain.onSettled(() => kind && apply());
}

export const active = () => kind !== null;
/** Terminals would float around a city cut out of its ground. */
export const hidesSensors = () => kind === "keep";

export function entered(view) {
  mode = view;
  apply();
}

/** A place for the box: what the middle of the picture looks at. */
function centre() {
  at = ctx.groundView().center;
}

function set(value) {
  kind = value;
  if (kind && !at) centre();
  apply();
  redraw();
}

function planes(inside) {
  const { C } = ctx;
  const sign = inside ? -1 : 1; // outward normals and all of them: the inside goes; inward normals and any of them: the outside goes
  const plane = (x, y, z, reach) => new C.ClippingPlane(new C.Cartesian3(sign * x, sign * y, sign * z), -sign * reach);
  return [plane(1, 0, 0, size.wide / 2), plane(-1, 0, 0, size.wide / 2), plane(0, 1, 0, size.long / 2), plane(0, -1, 0, size.long / 2)];
}

/** Clips an owner (a tileset, the globe) by the box, whose frame is `matrix` in the owner's own frame; not at all for null. */
function clip(owner, matrix) {
  const { C } = ctx;
  let clips = owner.clippingPlanes;
  if (!clips) {
    if (!matrix) return;
    clips = new C.ClippingPlaneCollection({ edgeColor: C.Color.fromCssColorString("#ffb020") });
    owner.clippingPlanes = clips;
  }
  // Kept and switched off, not removed: a collection that is replaced is destroyed while draw commands still hold it.
  clips.enabled = Boolean(matrix);
  if (!matrix) return;
  clips.removeAll();
  for (const plane of planes(kind === "keep")) clips.add(plane);
  clips.unionClippingRegions = kind === "keep";
  clips.edgeWidth = kind === "keep" ? 1 : 0;
  clips.modelMatrix = matrix;
}

function apply() {
  const { C, scene, models } = ctx;
  if (kind) {
    const turn = C.Matrix3.fromRotationZ(-C.Math.toRadians(size.turn));
    frame = C.Matrix4.multiplyByMatrix3(C.Transforms.eastNorthUpToFixedFrame(terrain.at(at)), turn, new C.Matrix4());
  }
  for (const { model, tileset } of models) {
    const cuts = kind === "keep" || (kind === "pit" && model.kind !== "pipes");
    const own = cuts && C.Matrix4.inverseTransformation(tileset.clippingPlanesOriginMatrix, new C.Matrix4());
    clip(tileset, cuts ? C.Matrix4.multiply(own, frame, own) : null);
    if (model.kind === "pipes") tileset.show = mode === "underground" || kind === "pit";
  }
  clip(scene.globe, kind ? C.Matrix4.clone(frame) : null);
  scene.globe.backFaceCulling = !kind;
  scene.globe.showSkirts = !kind;
  ctx.sensors.show = state.live && !hidesSensors();
  pit();
  frameLines();
  scene.requestRender();
}

const world = (x, y, z) => ctx.C.Matrix4.multiplyByPoint(frame, new ctx.C.Cartesian3(x, y, z), new ctx.C.Cartesian3());
const CORNERS = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
const corner = (i) => [(CORNERS[i % 4][0] * size.wide) / 2, (CORNERS[i % 4][1] * size.long) / 2];

/** A side of the box from one corner to the next: {top: on the ground, low: on the pit's floor} every few metres. */
function side(i) {
  const { C } = ctx;
  const [[x1, y1], [x2, y2]] = [corner(i), corner(i + 1)];
  const steps = terrain.exists() ? Math.ceil(Math.hypot(x2 - x1, y2 - y1) / STEP) : 1;
  return Array.from({ length: steps + 1 }, (_, k) => {
    const [x, y] = [x1 + ((x2 - x1) * k) / steps, y1 + ((y2 - y1) * k) / steps];
    const place = C.Cartographic.fromCartesian(world(x, y, 0));
    return { top: terrain.at([C.Math.toDegrees(place.longitude), C.Math.toDegrees(place.latitude)]), low: world(x, y, -size.deep) };
  });
}

/** The pit's walls and floor, so that it reads as a pit and not as a hole in the Earth. */
function pit() {
  const { C, scene } = ctx;
  if (walls) scene.primitives.remove(walls);
  walls = null;
  if (kind !== "pit" || mode === "underground") return;
  const sides = [0, 1, 2, 3].map(side);
  const quad = (four, color) => new C.GeometryInstance({
    geometry: new C.Geometry({
      attributes: new C.GeometryAttributes({ position: new C.GeometryAttribute({
        componentDatatype: C.ComponentDatatype.DOUBLE, componentsPerAttribute: 3, values: new Float64Array(four.flatMap((p) => [p.x, p.y, p.z])) }) }),
      indices: new Uint16Array([0, 1, 2, 0, 2, 3]), primitiveType: C.PrimitiveType.TRIANGLES, boundingSphere: C.BoundingSphere.fromPoints(four),
    }),
    attributes: { color: C.ColorGeometryInstanceAttribute.fromColor(C.Color.fromCssColorString(color)) },
  });
  const shades = ["#cbbb9c", "#b5a380", "#c4b390", "#a89673"];
  walls = scene.primitives.add(new C.Primitive({
    geometryInstances: [quad(sides.map(([first]) => first.low), FLOOR), ...sides.flatMap((points, i) =>
      points.slice(1).map((p, k) => quad([points[k].top, p.top, p.low, points[k].low], shades[i])))],
    appearance: new C.PerInstanceColorAppearance({ flat: true, translucent: false, renderState: { cull: { enabled: false }, depthTest: { enabled: true } } }),
    asynchronous: false, allowPicking: false,
  }));
}

function frameLines() {
  if (outline) outline.remove();
  outline = null;
  if (!kind) return;
  outline = shape("outline", "cut");
  const top = [0, 1, 2, 3].flatMap((i) => side(i).map((point) => point.top));
  outline.update(top, kind === "pit" ? [{ at: world(...corner(2), 0), text: t("cutDepth", number(size.deep, 1)) }] : []);
}

export function panel() {
  const slider = (name, low, high, step, unit) => h("label", { class: "form-row" }, h("span", { class: "lbl" }, t(`cut_${name}`)),
    h("input", { type: "range", id: `cut-${name}`, min: low, max: high, step, value: size[name], oninput: (event) => {
      size[name] = Number(event.target.value);
      document.getElementById(`cut-${name}-word`).textContent = `${size[name]} ${unit}`;
      if (kind) apply();
    } }), h("b", { id: `cut-${name}-word` }, `${size[name]} ${unit}`));
  const button = (value, key) => h("button", { class: "chip", id: `cut-${key}`, "aria-pressed": String(kind === value), onclick: () => set(value) }, t(key));
  return [
    h("div", { class: "row", role: "group", "aria-label": t("tool_cut") }, button(null, "cutNone"), button("pit", "cutPit"), button("keep", "cutKeep")),
    slider("wide", 10, 600, 5, "m"), slider("long", 10, 600, 5, "m"), slider("deep", 1, 30, 0.5, "m"), slider("turn", -90, 90, 1, "°"),
    h("div", { class: "row" }, h("button", { class: "btn", id: "cut-here", onclick: () => { centre(); if (kind) apply(); } }, t("cutHere"))),
    h("p", { class: "mute" }, t("cutNote")),
  ];
}
