// SPDX-License-Identifier: Apache-2.0
// The ground of the 3D scene: the server's meshes where the city has terrain, else the ellipsoid.

import { authorization } from "./api.js";

let C = null;
let scene = null;
let meshes = null; // Cesium's provider of the meshes, or null
let coarse = []; // {rectangle, data}: meshes that cover the city, for where the globe has not loaded its own yet
let level = 0; // metres above the ellipsoid of the ground in the city's middle
const settled = [];

export const exists = () => meshes !== null;

/** What the globe is made of. The meshes' heights are ellipsoidal, as the models' are. */
export async function provider(cesium, city) {
  C = cesium;
  if (!city.terrain?.mesh) return new C.EllipsoidTerrainProvider();
  try {
    meshes = await C.CesiumTerrainProvider.fromUrl(new C.Resource({ url: city.terrain.mesh, headers: authorization() }), { requestVertexNormals: true });
    await loadCoarse(city.extent);
    return meshes;
  } catch (error) {
    meshes = null;
    window.__errors.push(`${city.terrain.mesh}: ${error.message || error}`);
    return new C.EllipsoidTerrainProvider();
  }
}

/** At most four meshes: the level whose tiles are as large as the city. */
async function loadCoarse([w, s, e, n]) {
  const scheme = meshes.tilingScheme;
  const size = Math.max(0, Math.floor(Math.log2(180 / Math.max(e - w, n - s))));
  const cell = (lon, lat) => scheme.positionToTileXY(C.Cartographic.fromDegrees(lon, lat), size);
  const [first, last] = [cell(w, n), cell(e, s)];
  const wanted = [];
  for (let x = first.x; x <= last.x; x += 1) for (let y = first.y; y <= last.y; y += 1) wanted.push([x, y]);
  const loaded = await Promise.all(wanted.map(async ([x, y]) => ({ rectangle: scheme.tileXYToRectangle(x, y, size), data: await meshes.requestTileGeometry(x, y, size) })));
  coarse = loaded.filter(({ data }) => data);
  level = coarseHeight(C.Cartographic.fromDegrees((w + e) / 2, (s + n) / 2));
}

export function start(theScene) {
  scene = theScene;
  if (!meshes) return;
  // With the normals of the meshes slopes are shaded; level ground stays as bright as the map, and readable under a low sun.
  scene.globe.enableLighting = true;
  scene.globe.dynamicAtmosphereLighting = false;
  scene.globe.vertexShadowDarkness = 0.55;
  scene.globe.lambertDiffuseMultiplier = 0.6;
  scene.globe.tileLoadProgressEvent.addEventListener((waiting) => {
    if (waiting === 0) for (const listener of settled) listener();
  });
}

/** Calls `listener` whenever the globe has loaded all that the view needs: heights are then as fine as they get. */
export const onSettled = (listener) => settled.push(listener);

/** Metres above the ellipsoid at [lon, lat], of the finest mesh that is loaded. */
export function height([lon, lat]) {
  if (!meshes) return 0;
  const place = C.Cartographic.fromDegrees(lon, lat);
  const fine = scene.globe.getHeight(place);
  return fine === undefined ? coarseHeight(place) : fine;
}

function coarseHeight(place) {
  const tile = coarse.find(({ rectangle }) => C.Rectangle.contains(rectangle, place));
  return tile ? tile.data.interpolateHeight(tile.rectangle, place.longitude, place.latitude) : level;
}

/** The place in the scene `above` metres over the ground at [lon, lat]. */
export const at = (position, above = 0) => C.Cartesian3.fromDegrees(position[0], position[1], height(position) + above);

/** Where a ray from above meets the ground; undefined beside the Earth. */
export function hit(ray) {
  const exact = meshes && scene.globe.pick(ray, scene);
  if (exact) return exact;
  const { x, y, z } = C.Ellipsoid.WGS84.radii;
  const found = C.IntersectionTests.rayEllipsoid(ray, level ? new C.Ellipsoid(x + level, y + level, z + level) : C.Ellipsoid.WGS84);
  return found && found.start > 0 ? C.Ray.getPoint(ray, found.start) : undefined;
}
