// SPDX-License-Identifier: Apache-2.0
// Lines, dots and words over the 3D scene as SVG: always sharp, never hidden by a building, readable by assistive technology.

const NS = "http://www.w3.org/2000/svg";
const shapes = new Set();
let root = null;
let ctx = null;

/** `context` as map3d's. */
export function start(context) {
  ctx = context;
  root = document.createElementNS(NS, "svg");
  root.setAttribute("class", "overlay3d");
  root.setAttribute("id", "overlay3d");
  ctx.widget.container.append(root);
  ctx.scene.postRender.addEventListener(place);
}

/**
 * Adds a shape that follows the camera: `points` (Cartesian3), `kind` line, area or dots, an optional `label` {at, text}.
 * Returns {update(points, labels), remove()}.
 */
export function shape(kind, name) {
  const group = document.createElementNS(NS, "g");
  group.setAttribute("class", `o-${name}`);
  root.append(group);
  const item = { kind, group, points: [], labels: [] };
  shapes.add(item);
  return {
    update(points, labels = []) {
      item.points = points;
      item.labels = labels;
      draw(item);
      ctx.scene.requestRender();
    },
    remove() {
      shapes.delete(item);
      group.remove();
      ctx.scene.requestRender();
    },
  };
}

const window2d = (at) => ctx.C.SceneTransforms.worldToWindowCoordinates(ctx.scene, at);

function add(group, tag, attributes, text) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  group.append(element);
}

function draw({ kind, group, points, labels }) {
  group.replaceChildren();
  const seen = points.map(window2d);
  const path = seen.filter(Boolean).map((p) => `${p.x.toFixed(1)},${p.y.toFixed(1)}`).join(" ");
  if (kind !== "dots" && seen.filter(Boolean).length > 1) add(group, kind === "area" ? "polygon" : "polyline", { points: path });
  for (const p of kind === "outline" ? [] : seen) if (p) add(group, "circle", { cx: p.x, cy: p.y, r: 4 });
  for (const { at, text } of labels) {
    const p = window2d(at);
    if (p) add(group, "text", { x: p.x + 9, y: p.y - 8 }, text);
  }
}

function place() {
  for (const item of shapes) draw(item);
}
