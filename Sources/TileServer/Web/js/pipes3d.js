// SPDX-License-Identifier: Apache-2.0
// How pipe models look under the ground: shaded tubes, widened with distance, coloured by class or by depth.

import { h } from "./dom.js";
import { t, title } from "./i18n.js";

/** Upper ends of the depth classes in metres below ground, shallow to deep, and their colours. */
const DEPTHS = [[1, "#ffe08a"], [2, "#ffb347"], [3.5, "#f2705b"], [Infinity, "#b04bd8"]];

const VERTEX = `void vertexMain(VertexInput vsInput, inout czm_modelVertexOutput vsOutput) {
  vsOutput.positionMC += normalize(vsInput.attributes.normalMC) * u_grow / length(czm_model[0].xyz);
}`;
const FRAGMENT = `void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
  vec3 n = normalize(fsInput.attributes.normalEC);
  float top = clamp(dot(n, normalize(vec3(-0.25, 0.8, 0.55))), 0.0, 1.0);
  material.diffuse = material.diffuse * (0.4 + 0.56 * top) + vec3(0.1 * pow(top, 12.0));
}`;

/**
 * A pipe is thinner than a pixel from above, so tubes grow along their normals; light from above makes them round.
 * Units of a quantized tile are not metres; `czm_model` holds their size.
 */
export function shader(C) {
  return new C.CustomShader({
    lightingModel: C.LightingModel.UNLIT, uniforms: { u_grow: { type: C.UniformType.FLOAT, value: 0 } },
    vertexShaderText: VERTEX, fragmentShaderText: FRAGMENT,
  });
}

/** Metres by which a tube's radius grows when the camera is `range` metres away. */
export const growth = (range) => Math.min(2.2, 0.0015 * range);

/** The style of a pipe tileset: its own class colours, or colours by depth. */
export function style(C, mode) {
  if (mode !== "depth") return undefined;
  const conditions = DEPTHS.map(([to, color]) => [to === Infinity ? "true" : `(\${depth_from} + \${depth_to}) / 2 < ${to}`, `color("${color}")`]);
  return new C.Cesium3DTileStyle({ color: { conditions } });
}

/** The pipe layers that the caller may read, with their colours: [name, colour]. */
function classes(city, model) {
  const lines = city.layers.filter((layer) => layer.geometry === "line");
  const having = (pattern) => lines.filter((layer) => (layer.fields || []).some((f) => pattern.test(f.name)));
  const named = lines.filter((layer) => (model.layers || []).includes(layer.id));
  const choices = [named, having(/depth/), having(/diameter/), lines.filter((layer) => /pipe|underground/.test(layer.theme + layer.id))];
  const list = [];
  for (const layer of choices.find((some) => some.length) || []) {
    const by = layer.style && layer.style.by;
    if (by && by.values) list.push(...Object.entries(by.values));
    else list.push([title(layer.title, layer.id), (layer.style || {}).color || "#888"]);
  }
  return list;
}

const depthName = (i) => (i === 0 ? `< ${DEPTHS[0][0]} m` : i === DEPTHS.length - 1 ? `> ${DEPTHS[i - 1][0]} m` : `${DEPTHS[i - 1][0]}–${DEPTHS[i][0]} m`);

/** The legend of a pipe model: a switch between class and depth, and the colours. `choose(mode)` is called on a switch. */
export function legend(city, model, mode, choose) {
  const entries = mode === "depth" ? DEPTHS.map(([, color], i) => [depthName(i), color]) : classes(city, model);
  const button = (id, key) => h("button", { class: "chip", "aria-pressed": String(mode === id), "data-pipes": id, onclick: () => choose(id) }, t(key));
  return [
    h("div", { class: "row", role: "group", "aria-label": t("colourBy") }, button("class", "byClass"), button("depth", "byDepth")),
    h("ul", {}, entries.slice(0, 14).map(([name, color]) => h("li", {}, h("span", { class: "swatch line", style: { background: color } }), name))),
  ];
}
