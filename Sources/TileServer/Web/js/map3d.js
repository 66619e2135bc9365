// SPDX-License-Identifier: Apache-2.0
// The CesiumJS scene: building and pipe models above and below ground, picking, sensors. Loaded on the first switch.

import * as api from "./api.js";
import { ground } from "./drape.js";
import { debounce, fill, h, note } from "./dom.js";
import { number, onLang, t, title } from "./i18n.js";
import * as terrain from "./ground3d.js";
import { live } from "./live.js";
import * as map2d from "./map2d.js";
import * as pipes from "./pipes3d.js";
import * as tools from "./tools3d/tools.js";
import { bounds } from "./style.js";
import { emit, on, remember, state } from "./state.js";

let C = null; // the Cesium global
let city = null;
let widget = null;
let scene = null;
let mode = "3d";
let pin = false;
let tool = null; // takes the clicks while it is open: {click(position), finish?(), back?(), cancel?()}
let sensors = null;
let drape = null;
let failures = [];
const models = []; // {model, tileset}
const marks = new Map();
let pipeShader = null;
let pipeColours = "class"; // or "depth"
let isSoft = false;
let groundOpacity = 0.24;
const DAYLIGHT = 0.45; // light from all around, as a share of white, that walls turned away from the sun have

const SCRIPT = "/vendor/cesium-1.144.0/Cesium.js";

/** Fetches CesiumJS in the background, for a page that will show the scene first. */
export function preload() {
  document.head.append(h("link", { rel: "preload", as: "script", href: SCRIPT }));
}

/** Loads CesiumJS, the models and the ground picture. Rejects with a reason a person can act on. */
export async function start(theCity) {
  city = theCity;
  await loadScript(SCRIPT);
  C = window.Cesium;
  C.Ion.defaultAccessToken = "";
  const container = document.getElementById("map3d");
  isSoft = software();
  widget = new C.CesiumWidget(container, {
    baseLayer: false, terrainProvider: await terrain.provider(C, city), skyBox: false, skyAtmosphere: false, msaaSamples: isSoft ? 1 : 4,
    requestRenderMode: true, maximumRenderTimeChange: Infinity, scene3DOnly: true, contextOptions: { webgl: { preserveDrawingBuffer: true } },
  });
  scene = widget.scene;
  terrain.start(scene);
  scene.globe.depthTestAgainstTerrain = true;
  scene.globe.preloadAncestors = false; // the ground is drawn here, not fetched: what is not seen is not drawn
  scene.globe.showGroundAtmosphere = false;
  scene.globe.maximumScreenSpaceError = isSoft ? 4 : 2;
  scene.fog.enabled = false;
  scene.postProcessStages.fxaa.enabled = true;
  if (scene.sun) scene.sun.show = false;
  if (scene.moon) scene.moon.show = false;
  scene.light = new C.DirectionalLight({ direction: lightDirection(), intensity: 2.2 });
  paint();
  sensors = scene.primitives.add(new C.PointPrimitiveCollection());
  live.onChange(drawSensors);
  terrain.onSettled(() => drawSensors({ reset: true }));
  inputs();
  await Promise.all([...city.models.map((model) => loadModel(model)), external()]);
  lay();
  container.append(h("div", { class: "legend3d", id: "legend3d" }));
  tools.start({
    C, city, widget, scene, models, software: isSoft, groundView, worldAt, sensors, skylight,
    capture: (taker) => { tool = taker; document.getElementById("stage").classList.toggle("pin", Boolean(taker)); },
  });
  onLang(legend);
  on("layers", debounce(500, () => widget.useDefaultRenderLoop && lay()));
}

function loadScript(url) {
  return new Promise((resolve, reject) => {
    const script = h("script", { src: url, onload: resolve, onerror: () => reject(new Error(`${url} (scripts/setup-web)`)) });
    document.head.append(script);
  });
}

/** Software rendering gets no multisampling: it costs most of the frame there. */
function software() {
  const gl = document.createElement("canvas").getContext("webgl2");
  const info = gl && gl.getExtension("WEBGL_debug_renderer_info");
  return !info || /swiftshader|llvmpipe|software/i.test(gl.getParameter(info.UNMASKED_RENDERER_WEBGL));
}

const middle = () => [(city.extent[0] + city.extent[2]) / 2, (city.extent[1] + city.extent[3]) / 2];

/** Light from the south-east, 50 degrees above the city's horizon. */
function lightDirection() {
  const frame = C.Transforms.eastNorthUpToFixedFrame(C.Cartesian3.fromDegrees(...middle()));
  return C.Cartesian3.normalize(C.Matrix4.multiplyByPointAsVector(frame, new C.Cartesian3(-0.45, 0.5, -0.75), new C.Cartesian3()), new C.Cartesian3());
}

export function retheme() {
  paint();
  if (drape) lay();
}

function paint() {
  const dark = state.theme === "dark";
  const under = mode === "underground";
  scene.backgroundColor = C.Color.fromCssColorString(under ? "#1a2432" : dark ? "#0d1420" : "#cfdce8");
  scene.globe.baseColor = C.Color.fromCssColorString(dark ? "#18212e" : "#e6eaee");
  scene.globe.undergroundColor = C.Color.fromCssColorString(dark ? "#0b1019" : "#2b3440");
  scene.requestRender();
}

/** Lays the 2D map on the globe: the layers that are shown now, in the present theme. */
function lay() {
  if (drape) {
    scene.imageryLayers.remove(drape);
    drape.imageryProvider.close();
  }
  drape = scene.imageryLayers.addImageryProvider(ground(C, map2d.baseStyle(), city.extent, () => scene.requestRender(), pace));
  scene.requestRender();
}

/** Without a graphics card the scene's frames and the ground's drawings share the processor: the drawings go first. */
function pace(busy) {
  if (isSoft) widget.targetFrameRate = busy ? 1 : undefined;
}

/** Tilesets from elsewhere (a reality mesh) that the city's root tileset places beside its models. */
async function external() {
  try {
    const root = (await (await api.open("/3dtiles/tileset.json")).json()).root;
    const others = (root.children || []).filter(({ content }) => content && !city.models.some((m) => content.uri === `${m.id}/tileset.json`));
    await Promise.all(others.map(({ content, transform }) => {
      const id = decodeURIComponent(content.uri.split("/")[0]);
      return loadModel({ id, kind: "external", title: { zh: id, en: id }, url: `/3dtiles/${content.uri}` }, transform);
    }));
  } catch (error) {
    window.__errors.push(`/3dtiles/tileset.json: ${error.message || error}`);
  }
}

async function loadModel(model, transform) {
  try {
    // Without terrain the globe is the ellipsoid: there the same model standing on height 0.
    const url = terrain.exists() || model.kind === "external" ? model.url : model.url.replace(/tileset\.json$/, "flat/tileset.json");
    const resource = new C.Resource({ url, headers: api.authorization() });
    const tileset = await C.Cesium3DTileset.fromUrl(resource, {
      maximumScreenSpaceError: 12, enableCollision: false, modelMatrix: transform ? C.Matrix4.fromArray(transform) : undefined,
    });
    tileset.environmentMapManager.enabled = false; // it would paint an atmosphere for every tileset
    ambient(tileset, DAYLIGHT);
    scene.primitives.add(tileset);
    firstTile(tileset);
    models.push({ model, tileset });
    tileset.tileFailed.addEventListener((failure) => {
      failures.push(failure.message);
      window.__errors.push(`${model.id}: ${failure.message}`);
    });
    if (model.kind === "pipes") {
      pipeShader ||= pipes.shader(C);
      tileset.customShader = pipeShader;
      tileset.colorBlendMode = C.Cesium3DTileColorBlendMode.REPLACE;
    }
  } catch (error) {
    window.__errors.push(`${model.url}: ${error.message || error}`);
    console.error(`${model.url}: ${error.message || error}`);
  }
}

/** Light that comes evenly from all around: the constant term of the spherical harmonics. */
function ambient(tileset, share) {
  const none = () => new C.Cartesian3();
  const level = new C.Cartesian3(share, share, share);
  tileset.imageBasedLighting.sphericalHarmonicCoefficients = [level, ...Array.from({ length: 8 }, none)];
}

/** The ambient light of all models; the usual daylight without a number. */
const skylight = (share = DAYLIGHT) => models.forEach(({ tileset }) => ambient(tileset, share));

/** Marks the time at which the first tile is in the picture, for those who measure (`performance.getEntriesByName`). */
function firstTile(tileset) {
  const remove = tileset.tileVisible.addEventListener(() => {
    remove();
    const drawn = scene.postRender.addEventListener(() => {
      drawn();
      performance.mark("twin:3d-first");
    });
  });
}

/** Shows the scene above or below ground, seen from where the 2D map looked. */
export function enter(view, from) {
  const first = mode !== view || !widget.entered;
  mode = view;
  widget.entered = true;
  const under = view === "underground";
  const globe = scene.globe;
  globe.translucency.enabled = under;
  paint();
  setGround(groundOpacity);
  scene.screenSpaceCameraController.enableCollisionDetection = !under;
  for (const { model, tileset } of models) {
    if (model.kind === "buildings" && (under || !tools.coloursBuildings())) tileset.style = under ? new C.Cesium3DTileStyle({ color: "color('white', 0.1)" }) : undefined;
    if (model.kind === "pipes") tileset.show = under;
  }
  if (first) {
    const zoom = Math.max(from.zoom, under ? 18 : 15);
    goTo({ center: from.center, zoom, pitch: from.pitch > 10 ? from.pitch : under ? 50 : 60, bearing: from.bearing });
  }
  legend();
  tools.entered(view);
  widget.useDefaultRenderLoop = true;
  widget.resize();
  drawSensors({ reset: true });
  scene.requestRender();
}

function setGround(opacity) {
  groundOpacity = opacity;
  const range = new C.NearFarScalar(200, opacity, 6000, Math.min(1, opacity + 0.15));
  scene.globe.translucency.frontFaceAlphaByDistance = range;
  scene.globe.translucency.backFaceAlpha = Math.min(1, opacity);
  scene.requestRender();
}

export function leave() {
  widget.useDefaultRenderLoop = false;
}

const rangeOf = (zoom) => (40075016.686 / 512 / 2 ** zoom) * 900;
const zoomOf = (range) => Math.log2((40075016.686 / 512) * 900 / Math.max(1, range));

/** Looks at a place as the 2D map would at this zoom, pitch and bearing. */
export function goTo({ center, zoom, pitch = 55, bearing = 0 }) {
  look(center, rangeOf(zoom ?? 16), pitch, bearing);
}

function look(center, range, pitch, bearing) {
  const tilt = C.Math.toRadians(Math.min(-12, (pitch || 0) - 90));
  widget.camera.lookAt(terrain.at(center), new C.HeadingPitchRange(C.Math.toRadians(bearing || 0), tilt, range));
  widget.camera.lookAtTransform(C.Matrix4.IDENTITY);
  report();
  scene.requestRender();
}

export function flyTo(geometry) {
  fitBox(bounds(geometry), 300);
}

export function fitBox(extent, least = 0) {
  const [w, s, e, n] = extent;
  const range = 1.1 * Math.hypot((e - w) * 111320 * Math.cos((s * Math.PI) / 180), (n - s) * 110946);
  look([(w + e) / 2, (s + n) / 2], Math.max(least, range), 55, C.Math.toDegrees(widget.camera.heading));
}

export function zoomBy(step) {
  const view = groundView();
  look(view.center, rangeOf(view.zoom + step), view.pitch, view.bearing);
}

export function north() {
  const view = groundView();
  look(view.center, rangeOf(view.zoom), view.pitch, 0);
}

/** The 2D view that corresponds to the camera: what the middle of the picture looks at. */
export function groundView() {
  const canvas = scene.canvas;
  const ray = widget.camera.getPickRay(new C.Cartesian2(canvas.clientWidth / 2, canvas.clientHeight / 2));
  const at = (ray && terrain.hit(ray)) || widget.camera.positionWC;
  const place = C.Cartographic.fromCartesian(at);
  const range = C.Cartesian3.distance(at, widget.camera.positionWC);
  const pitch = Math.max(0, Math.min(75, 90 + C.Math.toDegrees(widget.camera.pitch)));
  return { center: [C.Math.toDegrees(place.longitude), C.Math.toDegrees(place.latitude)], zoom: zoomOf(range), pitch, bearing: C.Math.toDegrees(widget.camera.heading) };
}

function report() {
  const view = groundView();
  Object.assign(state, view);
  remember();
  if (pipeShader) pipeShader.setUniform("u_grow", pipes.growth(rangeOf(view.zoom)));
  emit("camera", { ...view, height: widget.camera.positionCartographic.height, metresPerPixel: 40075016.686 * Math.cos((view.center[1] * Math.PI) / 180) / (512 * 2 ** view.zoom) });
}

function inputs() {
  scene.canvas.setAttribute("aria-label", t("map3d"));
  scene.canvas.tabIndex = 0;
  widget.camera.percentageChanged = 0.05;
  widget.camera.changed.addEventListener(report);
  const handler = new C.ScreenSpaceEventHandler(scene.canvas);
  handler.setInputAction((event) => clicked(event.position), C.ScreenSpaceEventType.LEFT_CLICK);
  handler.setInputAction(() => tool?.finish?.(), C.ScreenSpaceEventType.LEFT_DOUBLE_CLICK);
  handler.setInputAction(() => tool?.finish?.(), C.ScreenSpaceEventType.RIGHT_CLICK);
  handler.setInputAction((event) => emit("cursor", place(event.endPosition)), C.ScreenSpaceEventType.MOUSE_MOVE);
  scene.canvas.addEventListener("keydown", (event) => {
    const step = { "+": 1, "=": 1, "-": -1 }[event.key];
    if (step) zoomBy(step * 0.5);
    const turn = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (turn) {
      const v = groundView();
      const reach = 0.15 * rangeOf(v.zoom) / 111320;
      look([v.center[0] + turn[0] * reach, v.center[1] + turn[1] * reach], rangeOf(v.zoom), v.pitch, v.bearing);
      event.preventDefault();
    }
    if (event.key === "Escape") {
      setPinMode(false);
      tool?.cancel?.();
    }
    if (event.key === "Enter") tool?.finish?.();
    if (event.key === "Backspace") tool?.back?.();
  });
}

/** lon, lat of the ground under a window position. */
function place(position) {
  const at = groundUnder(position);
  if (!at) return null;
  const c = C.Cartographic.fromCartesian(at);
  return [C.Math.toDegrees(c.longitude), C.Math.toDegrees(c.latitude)];
}

function groundUnder(position) {
  const ray = widget.camera.getPickRay(position);
  return ray && terrain.hit(ray);
}

/** The point of the scene under a window position: what is drawn there, else the ground. Undefined beside the Earth. */
function worldAt(position) {
  scene.pickTranslucentDepth = mode === "underground";
  const seen = scene.pickPositionSupported ? scene.pickPosition(position) : undefined;
  return seen || groundUnder(position);
}

export function setPinMode(value) {
  pin = value;
  document.getElementById("stage").classList.toggle("pin", value);
  note(value ? t("pinHint") : "");
}

/** What is under a window position; underground a pipe comes before the faint building in front of it. */
function pickAt(position) {
  if (mode !== "underground") return scene.pick(position);
  const found = scene.drillPick(position, 5);
  const isPipe = (thing) => models.some(({ model, tileset }) => model.kind === "pipes" && tileset === thing.primitive);
  return found.find(isPipe) || found.find((thing) => thing.id && thing.id.sensor) || found[0];
}

let picked = null;
function clicked(position) {
  const at = place(position);
  if (pin) {
    setPinMode(false);
    if (at) emit("pin", at);
    return;
  }
  if (tool) return tool.click(position);
  if (picked) picked.feature.color = picked.color;
  picked = null;
  const found = pickAt(position);
  if (!found) return emit("select", null);
  if (found.id && found.id.sensor) return emit("select", { live: found.id.sensor });
  if (!(found instanceof C.Cesium3DTileFeature)) return;
  picked = { feature: found, color: C.Color.clone(found.color) };
  found.color = C.Color.fromCssColorString("#ffb020");
  scene.requestRender();
  const entry = models.find((m) => m.tileset === found.primitive || m.tileset === found.tileset);
  const properties = {};
  for (const name of found.getPropertyIds()) {
    const value = found.getProperty(name);
    properties[name] = typeof value === "bigint" ? String(value) : value;
  }
  const model = entry && entry.model;
  const layer = properties.layer || (model && (model.layer || (city.layers.some((l) => l.id === model.id) ? model.id : undefined)));
  delete properties.layer;
  emit("select", { layer, id: properties.id, properties, model, at });
}

const NEAR = 2e-4; // degrees within which a moving terminal keeps the ground's height: to find it costs more than to draw the point

/** Where a terminal is drawn: 4 m above the ground. */
function placed(at, mark) {
  const known = mark && mark.found;
  const found = known && Math.abs(known.at[0] - at[0]) + Math.abs(known.at[1] - at[1]) < NEAR ? known : { at, height: terrain.height(at) };
  if (mark) mark.found = found;
  return C.Cartesian3.fromDegrees(at[0], at[1], found.height + 4);
}

function drawSensors(change) {
  if (!widget || !widget.entered || !widget.useDefaultRenderLoop) return;
  if (change.reset) {
    sensors.removeAll();
    marks.clear();
    change = { added: [...live.sensors.values()], moved: [], removed: [] };
  }
  for (const id of change.removed) {
    if (marks.has(id)) sensors.remove(marks.get(id));
    marks.delete(id);
  }
  for (const s of [...change.added, ...change.moved]) {
    if (!s.shown) continue;
    const mark = marks.get(s.id);
    const position = placed(s.shown, mark);
    if (mark) mark.position = position;
    else marks.set(s.id, sensors.add({ position, pixelSize: 9, color: C.Color.fromCssColorString(s.color), outlineColor: C.Color.WHITE, outlineWidth: 2, id: { sensor: s.id },
      scaleByDistance: new C.NearFarScalar(400, 1, 2500, 0.35), distanceDisplayCondition: new C.DistanceDisplayCondition(0, 4000) }));
  }
  sensors.show = state.live && !tools.hidesSensors();
  scene.requestRender();
}

/** What is drawn; underground the pipes' colours and how strong the ground is. */
function legend() {
  const box = document.getElementById("legend3d");
  if (!box) return;
  const under = mode === "underground";
  const slider = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: groundOpacity, id: "ground-alpha", "aria-label": t("groundAlpha"),
    oninput: (event) => setGround(Number(event.target.value)) });
  const shown = models.filter(({ model }) => under === (model.kind === "pipes"));
  box.hidden = !shown.length && !under;
  fill(box, h("h4", {}, t(under ? "underTitle" : "modelsTitle")),
    under ? [
      shown.length ? shown.map(({ model }) => pipes.legend(city, model, pipeColours, colourPipes)) : h("div", {}, t("noPipes")),
      h("label", { class: "mute", for: "ground-alpha" }, t("groundAlpha")), slider, h("div", { class: "mute" }, t("underNote")),
    ] : h("ul", {}, shown.map(({ model }) => h("li", {}, title(model.title, model.id), model.count !== undefined && h("b", {}, number(model.count))))));
}

function colourPipes(how) {
  pipeColours = how;
  for (const { model, tileset } of models) if (model.kind === "pipes") tileset.style = pipes.style(C, how);
  legend();
  scene.requestRender();
}

/** Resolves when every shown model and the ground are drawn. */
export async function idle() {
  const until = Date.now() + 90000;
  const loaded = () => models.every(({ tileset }) => !tileset.show || tileset.tilesLoaded) && scene.globe.tilesLoaded;
  let calm = 0;
  while (calm < 4 && Date.now() < until) {
    if (!drape.imageryProvider.busy()) scene.requestRender(); // what is being drawn asks for a frame itself
    await new Promise((resolve) => setTimeout(resolve, 300));
    calm = loaded() ? calm + 1 : 0;
  }
  performance.mark("twin:3d-complete");
  if (calm < 4) window.__errors.push("the 3D scene did not finish loading within 90 s");
}
