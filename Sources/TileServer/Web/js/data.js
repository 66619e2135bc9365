// SPDX-License-Identifier: Apache-2.0
// The map of a page of features: the city's base map, the page's features on top.

const place = document.getElementById("map");
if (place && window.maplibregl) start();

async function start() {
  const [style, features] = await Promise.all([get("/style.json"), get(place.dataset.features)]);
  const map = new maplibregl.Map({ container: place, style, bounds: box(features), fitBoundsOptions: { padding: 40, maxZoom: 18 } });
  map.addControl(new maplibregl.NavigationControl());
  map.on("load", () => {
    map.addSource("page", { type: "geojson", data: features });
    const color = "#d9480f";
    map.addLayer({ id: "page-fill", type: "fill", source: "page", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": color, "fill-opacity": 0.25 } });
    map.addLayer({ id: "page-line", type: "line", source: "page", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": color, "line-width": 2 } });
    map.addLayer({ id: "page-point", type: "circle", source: "page", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": color, "circle-radius": 5, "circle-stroke-color": "#fff", "circle-stroke-width": 1 } });
    for (const id of ["page-fill", "page-line", "page-point"]) map.on("click", id, open);
    document.body.dataset.ready = "1";
  });
}

async function get(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

/** Goes to the page of the feature that was clicked. */
function open(event) {
  const id = event.features[0].id;
  const layer = location.pathname.split("/")[2];
  if (id !== undefined) location.href = `/collections/${layer}/items/${id}?f=html`;
}

/** The box around the features' positions, with some space around a single point. */
function box(data) {
  const bounds = new maplibregl.LngLatBounds();
  const walk = (list) => (typeof list[0] === "number" ? bounds.extend([list[0], list[1]]) : list.forEach(walk));
  for (const feature of data.features ?? [data]) if (feature.geometry) walk(feature.geometry.coordinates);
  return bounds.isEmpty() ? undefined : bounds;
}
