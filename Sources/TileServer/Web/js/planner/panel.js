// SPDX-License-Identifier: Apache-2.0
// The planner's panel: chooses an analysis that the server offers, fills its inputs, runs it as a job, shows the result.

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import { onLang, t, title } from "../i18n.js";
import * as map2d from "../map2d.js";
import { on, state } from "../state.js";
import { form, release } from "./form.js";
import * as inventory from "./inventory.js";
import * as result from "./result.js";
import * as section from "./section.js";

let city = null;
let panel = null;
let processes = null; // as /processes lists them
let chosen = null; // {id, process, form}
let shown = null; // {elements, process, inputs}
let problem = null;
let job = null; // {progress, cancel()}

export function start(theCity, container) {
  city = theCity;
  panel = container;
  result.start(city);
  section.start(city, draw);
  inventory.start(city);
  onLang(draw);
  on("tab", (tab) => tab === "plan" && !processes && load());
}

async function load() {
  try {
    processes = (await api.offers("/processes")) ? (await api.processes()).processes : [];
    await Promise.all([section.look(), inventory.look()]);
  } catch (error) {
    processes = [];
    problem = error.message;
  }
  draw();
}

/** What the panel offers besides the server's analyses. */
const OWN = { section: { title: "planSection", module: section, fits: () => section.fits() }, inventory: { title: "planInventory", module: inventory, fits: () => true } };

async function choose(id) {
  release();
  problem = null;
  shown = null;
  map2d.showResult([]);
  section.clear();
  if (OWN[id]) {
    chosen = { id };
    return draw();
  }
  try {
    const process = await api.process(id);
    chosen = { id, process, form: form(city, process) };
  } catch (error) {
    problem = error.message;
  }
  draw();
}

const formats = (process) => {
  const schema = process.outputs && process.outputs.result && process.outputs.result.schema;
  return ((schema && schema.oneOf) || [schema]).map((s) => s && s.contentMediaType).filter(Boolean);
};

async function run() {
  problem = null;
  shown = null;
  let inputs;
  try {
    inputs = chosen.form.values();
  } catch (error) {
    problem = error.message;
    return draw();
  }
  job = { progress: null, cancel: () => {} };
  const mine = job;
  draw();
  try {
    const answer = await api.execute(chosen.id, { inputs }, (progress, cancel) => {
      Object.assign(mine, { progress, cancel });
      progressWords();
    });
    shown = { elements: result.view(answer), inputs, process: chosen.process };
  } catch (error) {
    problem = error.message;
  }
  job = null;
  draw();
}

/** The report as a page of its own, to read, print and file. */
async function open(mediaType) {
  const target = window.open("", "_blank");
  try {
    const text = await api.executeAs(chosen.id, { inputs: { ...shown.inputs, ...(chosen.process.inputs.language ? { language: state.lang } : {}) } }, mediaType);
    const url = URL.createObjectURL(new Blob([text], { type: mediaType }));
    if (target) target.location = url;
    else location.assign(url);
  } catch (error) {
    if (target) target.close();
    problem = error.message;
    draw();
  }
}

function progressWords() {
  const element = document.getElementById("plan-progress");
  if (element) element.value = job && job.progress !== null ? job.progress : 0;
}

function draw() {
  if (!panel) return;
  const focused = panel.contains(document.activeElement) && document.activeElement.id;
  const offered = [...(processes || []).map((p) => [p.id, title(p.titles, p.title || p.id)]), ...Object.entries(OWN).filter(([, own]) => own.fits()).map(([id, own]) => [id, t(own.title)])];
  fill(panel,
    h("div", { class: "pad choose" }, h("div", { class: "chips", role: "group", "aria-label": t("tabPlan") }, offered.map(([id, name]) =>
      h("button", { class: "chip", id: `plan-${id}`, "data-plan": id, "aria-pressed": String(chosen && chosen.id === id), onclick: () => choose(id) }, name)))),
    problem && h("div", { class: "problem", role: "alert" }, problem),
    !chosen && h("p", { class: "note" }, t("planHint")),
    chosen && OWN[chosen.id] && OWN[chosen.id].module.panel(),
    chosen && chosen.form && analysis());
  if (focused) document.getElementById(focused)?.focus();
}

function analysis() {
  const page = formats(chosen.process).includes("text/html");
  return h("div", { class: "scroll" },
    chosen.form.element,
    h("div", { class: "actions" },
      h("button", { class: "btn primary", id: "plan-run", disabled: Boolean(job), onclick: run }, t("planRun")),
      job && h("progress", { id: "plan-progress", max: 100, "aria-label": t("planRunning") }),
      job && h("button", { class: "btn", id: "plan-cancel", onclick: () => job && job.cancel() }, t("cancel")),
      shown && page && h("button", { class: "btn", id: "plan-page", onclick: () => open("text/html") }, t("planPage")),
      shown && h("button", { class: "btn", id: "plan-clear", onclick: () => { shown = null; map2d.showResult([]); draw(); } }, t("clear"))),
    shown && h("div", { id: "plan-result", role: "region", "aria-label": t("planResult") }, shown.elements));
}
