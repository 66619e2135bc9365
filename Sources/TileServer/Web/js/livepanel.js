// SPDX-License-Identifier: Apache-2.0
// The sensor panel: connection, kinds, latest values.

import { fill, h, icon } from "./dom.js";
import { clock, kindName, number, onLang, reading, t } from "./i18n.js";
import { live } from "./live.js";
import { emit, on, state } from "./state.js";
import * as token from "./token.js";
import { kindColor } from "./style.js";

const LIMIT = 200;
let panel = null;
let kind = "";
let waiting = 0;

export function start(container) {
  panel = container;
  onLang(frame);
  let last = "";
  live.onStatus(() => {
    if (live.status !== last) draw(); // a new state at once, new values twice a second
    last = live.status;
    if (waiting) return;
    waiting = setTimeout(() => { waiting = 0; draw(); }, 500);
  });
  on("tab", () => draw());
}

function frame() {
  const select = h("select", { class: "field", id: "live-kind", "aria-label": t("kind"), onchange: (e) => { kind = e.target.value; draw(); } });
  const check = h("input", { type: "checkbox", checked: state.live, onchange: (e) => { state.live = e.target.checked; emit("live:visible"); } });
  fill(panel,
    h("div", { class: "summary", id: "live-status", role: "status" }),
    h("div", { class: "pad", id: "live-controls" }, h("div", { class: "form-row" }, select),
      h("label", { class: "form-row", style: { "margin-bottom": "0" } }, check, t("showOnMap"))),
    h("div", { class: "scroll", id: "live-list" }));
  draw();
}

function draw() {
  const status = document.getElementById("live-status");
  if (!status || state.tab !== "live") return;
  const tone = { connected: "good", connecting: "warn", disconnected: "bad", denied: "bad" }[live.status];
  const denied = live.status === "denied";
  document.getElementById("live-controls").hidden = denied;
  if (denied) {
    rows.clear();
    fill(status, h("span", { class: "dot bad" }), h("strong", {}, t("denied")));
    return void fill(document.getElementById("live-list"), h("div", { class: "empty", id: "live-denied" }, icon("key"),
      h("p", {}, t("liveDenied")), h("p", { class: "mute" }, live.reason),
      h("button", { class: "btn primary", onclick: token.ask }, t("tokenEnter"))));
  }
  fill(status, h("span", { class: "dot " + tone }), h("strong", {}, t(live.status, live.retryIn)),
    h("span", { class: "mute" }, t("terminals", number(live.sensors.size))),
    live.lastUpdate && h("span", { class: "mute" }, t("lastUpdate", clock(live.lastUpdate))));
  const kinds = new Map();
  for (const sensor of live.sensors.values()) kinds.set(sensor.kind, (kinds.get(sensor.kind) || 0) + 1);
  const select = document.getElementById("live-kind");
  const wanted = ["", ...kinds.keys()].map((k) => `${k}:${kinds.get(k) || 0}`).join() + t("allKinds");
  if (select.dataset.key !== wanted) {
    select.dataset.key = wanted;
    fill(select, h("option", { value: "" }, t("allKinds")), [...kinds].map(([k, n]) => h("option", { value: k }, `${kindName(k)} (${n})`)));
    select.value = kind;
  }
  list([...live.sensors.values()].filter((sensor) => !kind || sensor.kind === kind).slice(0, LIMIT));
}

const rows = new Map();

/** Updates rows in place, so that scrolling, focus and clicks survive four updates a second. */
function list(sensors) {
  const element = document.getElementById("live-list");
  if (!sensors.length) {
    rows.clear();
    return void fill(element, h("div", { class: "empty" }, icon("pulse"), t("noSensor")));
  }
  let ul = element.querySelector("ul");
  if (!ul) {
    rows.clear();
    ul = h("ul", { class: "hits" });
    fill(element, ul);
  }
  const keep = new Set(sensors.map((s) => s.id));
  for (const [id, row] of rows) if (!keep.has(id)) { row.remove(); rows.delete(id); }
  for (const sensor of sensors) {
    let row = rows.get(sensor.id);
    if (!row) {
      row = h("li", {}, h("button", { "data-sensor": sensor.id, onclick: () => {
        const now = live.sensors.get(sensor.id);
        if (now && now.to) emit("fly", { type: "Point", coordinates: now.to });
        emit("select", { live: sensor.id });
      } }));
      rows.set(sensor.id, row);
      ul.append(row);
    }
    const key = `${sensor.time}${JSON.stringify(sensor.values)}${t("kind")}`;
    if (row.dataset.key === key) continue;
    row.dataset.key = key;
    fill(row.firstChild,
      h("span", { class: "t" }, h("span", { class: "dot", style: { background: kindColor(sensor.kind) } }), sensor.name),
      h("span", { class: "d" }, clock(sensor.time)),
      h("span", { class: "values" }, `${sensor.id} · ${kindName(sensor.kind)}`,
        Object.entries(sensor.values).slice(0, 4).map(([name, value]) =>
          h("span", {}, `${reading(name)} `, h("b", {}, typeof value === "number" ? number(value, 2) : String(value))))));
  }
}
