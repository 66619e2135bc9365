// SPDX-License-Identifier: Apache-2.0
// Live sensors: one Server-Sent Events connection, reconnecting, and positions that glide between two reports.

import * as api from "./api.js";
import { kindColor } from "./style.js";

const FRAME = 100; // milliseconds between two steps of a moving point
const JUMP = 0.01; // degrees: farther than this is a jump, not a movement
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

class Live {
  sensors = new Map();
  status = "connecting";
  reason = ""; // the server's words when it refuses
  retryIn = 0;
  lastUpdate = null;
  #listeners = new Set();
  #statusListeners = new Set();
  #attempt = 0;
  #bbox = null;
  #moving = new Set();
  #timer = 0;
  #held = true;
  #countdown = 0;

  /** `listener({reset, added, moved, removed})` after each change, at most ten times a second. */
  onChange(listener) { this.#listeners.add(listener); }
  /** `listener()` when the connection's state or the values change. */
  onStatus(listener) { this.#statusListeners.add(listener); }

  /** Connects for a box; resolves after the first snapshot or failure, within three seconds. */
  start(bbox) {
    this.#bbox = bbox;
    return new Promise((resolve) => {
      this.#connect(resolve);
      setTimeout(resolve, 3000);
    });
  }

  /** Lets points move. Held until the page is ready, so that "ready" is a moment when nothing changes. */
  release() {
    this.#held = false;
    this.redraw();
  }

  #connect(first) {
    clearInterval(this.#countdown);
    this.#status("connecting");
    const receive = (event, data) => {
      if (event === "update") return this.#update(JSON.parse(data));
      if (event !== "snapshot") return;
      this.#attempt = 0;
      this.#status("connected");
      this.#snapshot(JSON.parse(data));
      if (first) first();
    };
    const box = this.#bbox.map((v) => v.toFixed(5)).join(",");
    api.events(`/live/stream?bbox=${box}`, receive, undefined).then(() => this.#later(), (error) => {
      if (first) first();
      if (![401, 403].includes(error.status)) return this.#later();
      this.reason = error.message; // asking again would not change the answer
      this.#status("denied");
    });
  }

  /** Waits 1, 2, 4 … 30 seconds before the next attempt. */
  #later() {
    this.#attempt += 1;
    this.retryIn = Math.min(30, 2 ** (this.#attempt - 1));
    this.#status("disconnected");
    this.#countdown = setInterval(() => {
      this.retryIn -= 1;
      if (this.retryIn <= 0) this.#connect();
      else this.#status("disconnected");
    }, 1000);
  }

  #status(value) {
    this.status = value;
    for (const listener of this.#statusListeners) listener();
  }

  /** A snapshot replaces what is known: the first one, one after a reconnection, or one for a follower that fell behind. */
  #snapshot(collection) {
    const moved = new Set([...this.sensors.values()].filter((sensor) => sensor.moves).map((sensor) => sensor.id));
    this.sensors.clear();
    this.#moving.clear();
    for (const feature of collection.features || []) {
      const sensor = this.#place(feature);
      if (moved.has(sensor.id)) sensor.moves = true;
    }
    this.lastUpdate = Date.now();
    this.#tell({ reset: true, added: [], moved: [], removed: [] });
    this.#status(this.status);
  }

  #update(message) {
    const change = { reset: false, added: [], moved: [], removed: [] };
    for (const feature of message.features || []) {
      const known = this.sensors.get(String(feature.id));
      const sensor = this.#place(feature);
      if (!known) change.added.push(sensor);
      else if (!this.#moving.has(sensor)) change.moved.push(sensor);
    }
    for (const id of message.removed || []) {
      const sensor = this.sensors.get(String(id));
      if (!sensor) continue;
      this.sensors.delete(sensor.id);
      this.#moving.delete(sensor);
      change.removed.push(sensor.id);
    }
    this.lastUpdate = Date.now();
    this.#tell(change);
    this.#status(this.status);
    if (this.#moving.size && !this.#timer) this.#timer = setInterval(() => this.#step(), FRAME);
  }

  /** Takes one report; a point that moved starts to glide from where it is shown now. */
  #place(feature) {
    const id = String(feature.id ?? feature.properties.id);
    const to = feature.geometry ? feature.geometry.coordinates.slice(0, 2) : null;
    const p = feature.properties || {};
    let sensor = this.sensors.get(id);
    const now = performance.now();
    if (!sensor) {
      sensor = { id, shown: to, to, from: to, since: now, duration: 0, color: kindColor(p.kind) };
      this.sensors.set(id, sensor);
    }
    Object.assign(sensor, { kind: p.kind, name: p.name || id, time: p.t, values: p.values || {}, properties: p, label: p.name || id });
    if (!to || (sensor.to && to[0] === sensor.to[0] && to[1] === sensor.to[1])) return sensor;
    const jump = !sensor.shown || still.matches || Math.hypot(to[0] - sensor.shown[0], to[1] - sensor.shown[1]) > JUMP;
    sensor.from = jump ? to : sensor.shown;
    sensor.duration = Math.min(2500, Math.max(200, now - sensor.since));
    sensor.since = now;
    sensor.to = to;
    sensor.moves = true; // a vehicle: worth a dot in the overview, where fixed terminals would hide the map
    if (jump) sensor.shown = to;
    else this.#moving.add(sensor);
    return sensor;
  }

  #step() {
    const now = performance.now();
    const moved = [];
    for (const sensor of this.#moving) {
      const f = Math.min(1, (now - sensor.since) / sensor.duration);
      sensor.shown = [sensor.from[0] + (sensor.to[0] - sensor.from[0]) * f, sensor.from[1] + (sensor.to[1] - sensor.from[1]) * f];
      moved.push(sensor);
      if (f >= 1) this.#moving.delete(sensor);
    }
    if (!this.#moving.size) {
      clearInterval(this.#timer);
      this.#timer = 0;
    }
    if (moved.length) this.#tell({ reset: false, added: [], moved, removed: [] });
  }

  #pending = null;
  #tell(change) {
    if (this.#held && !change.reset) return;
    if (document.hidden && !change.reset) {
      this.#pending = true; // nothing to see: one reset when the page is looked at again
      return;
    }
    const what = this.#pending ? { reset: true, added: [], moved: [], removed: [] } : change;
    this.#pending = null;
    if (what.reset || what.added.length || what.moved.length || what.removed.length) for (const listener of this.#listeners) listener(what);
  }

  /** Draws everything again, after a change that the listeners missed. */
  redraw() { this.#tell({ reset: true, added: [], moved: [], removed: [] }); }
}

export const live = new Live();
