// SPDX-License-Identifier: Apache-2.0
// The tools of the 3D scene: a bar of buttons, and the panel of the one that is open.

import { fill, h, icon } from "../dom.js";
import { onLang, t } from "../i18n.js";
import * as colour from "./colour.js";
import * as cut from "./cut.js";
import * as depth from "./depth.js";
import * as measure from "./measure.js";
import * as overlay from "./overlay.js";
import * as sun from "./sun.js";

const TOOLS = { measure, colour, sun, cut };
const ICONS = { measure: "ruler", colour: "palette", sun: "sun", cut: "cut" };
let open = null;
let bar = null;
let panel = null;

/** Adds the tools to the scene. `context` as map3d's. */
export function start(context) {
  overlay.start(context);
  depth.start(context);
  bar = h("div", { class: "tools3d-bar", id: "tools3d", role: "toolbar" });
  panel = h("section", { class: "tools3d-panel", id: "tool3d-panel", hidden: true });
  context.widget.container.append(h("div", { class: "tools3d" }, bar, panel));
  for (const tool of Object.values(TOOLS)) tool.start(context, draw);
  onLang(() => {
    bar.setAttribute("aria-label", t("tools3d"));
    draw();
  });
}

/** Brings tools in line with a changed view: "3d" or "underground". */
export function entered(mode) {
  for (const tool of Object.values(TOOLS)) tool.entered?.(mode);
  depth.clear();
  draw();
}

export const coloursBuildings = () => colour.active();
export const hidesSensors = () => cut.hidesSensors();

function choose(id) {
  if (open) TOOLS[open].close?.();
  open = open === id ? null : id;
  if (open) TOOLS[open].open?.();
  draw();
  if (open) panel.querySelector("button, input, select")?.focus();
}

function draw() {
  if (!bar) return;
  fill(bar, Object.keys(TOOLS).map((id) => h("button", {
    "data-tool": id, title: t(`tool_${id}`), "aria-pressed": String(open === id), "aria-controls": "tool3d-panel",
    class: TOOLS[id].active?.() ? "on" : "", onclick: () => choose(id),
  }, icon(ICONS[id]), h("span", {}, t(`tool_${id}`)))));
  panel.hidden = !open;
  if (!open) return fill(panel);
  const focused = panel.contains(document.activeElement) && document.activeElement.id;
  fill(panel, h("div", { class: "tools3d-head" }, h("h4", {}, t(`tool_${open}`)),
    h("button", { class: "icon-btn", id: "tool3d-close", title: t("close"), "aria-label": t("close"), onclick: () => choose(open) }, "✕")), TOOLS[open].panel());
  if (focused) document.getElementById(focused)?.focus();
}
