// SPDX-License-Identifier: Apache-2.0
// How deep a picked pipe lies: a plumb line from the ground to the pipe, with the depth at that place.

import * as geodesy from "../geodesy.js";
import * as terrain from "../ground3d.js";
import { number, t } from "../i18n.js";
import { on } from "../state.js";
import { shape } from "./overlay.js";

let ctx = null;
let drawn = null;

export function start(context) {
  ctx = context;
  on("select", (what) => !what && clear());
  on("feature", (what) => {
    clear();
    if (what && what.model && what.model.kind === "pipes") mark(what);
  });
}

export function clear() {
  if (drawn) drawn.remove();
  drawn = null;
}

/** Metres below ground at `at`, between the depths that the record states for the two ends; null where it states none. */
export function depthAt(geometry, properties, at) {
  const [from, to] = [properties.depth_from ?? properties.depth, properties.depth_to ?? properties.depth];
  if (!Number.isFinite(from) && !Number.isFinite(to)) return null;
  const line = geometry && { LineString: geometry.coordinates, MultiLineString: (geometry.coordinates || [])[0] }[geometry.type];
  const share = line && at ? geodesy.project(line, at).share : 0.5;
  const first = Number.isFinite(from) ? from : to;
  return first + ((Number.isFinite(to) ? to : from) - first) * share;
}

function mark({ geometry, properties, at }) {
  const depth = depthAt(geometry, properties, at && at.slice(0, 2));
  if (depth === null || !at) return;
  const [ground, pipe] = [terrain.at(at), terrain.at(at, -depth)];
  drawn = shape("line", "depth");
  drawn.update([ground, pipe], [{ at: ground, text: t("depthHere", number(depth, 2)) }]);
}
