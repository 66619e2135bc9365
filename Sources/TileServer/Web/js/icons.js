// SPDX-License-Identifier: Apache-2.0
// White glyphs inside the dots of well-known street furniture and services, drawn here: no sprite is requested.

const SIZE = 40; // pixels, shown at half size

/** What a point layer shows, by the words in its id, and the glyph as a path in a 24 x 24 box. */
const GLYPHS = [
  [/hydrant/, "hydrant", "M9 21h6M10 21V9h4v12M8 9h8M10 9a2 2 0 0 1 4 0M7 13h3M14 13h3M12 7V4"],
  [/camera|cctv|video/, "camera", "M3 9l13-4 2 5-13 4zM17 8l4-1M8 13v6H4"],
  [/lamp|light/, "lamp", "M9 21h6M12 21V6M12 6c0-3 6-3 6 0v2M15 9h6l-1-2h-4z"],
  [/fire/, "fire", "M12 21c-4 0-6-3-6-6 0-4 4-5 4-11 4 2 8 6 8 11 0 3-2 6-6 6zM12 21c-2 0-2.500-3 0-6 2.500 3 2 6 0 6z"],
  [/hospital|clinic/, "hospital", "M12 4v16M4 12h16"],
  [/school/, "school", "M2 9l10-5 10 5-10 5zM6 11v6c3 3 9 3 12 0v-6M22 9v6"],
  [/police/, "police", "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM9 12l2 2 4-4"],
  [/shelter/, "shelter", "M3 20L12 5l9 15zM12 20v-6"],
  [/bus_stop/, "bus", "M5 4h14v13H5zM5 11h14M8 17v3M16 17v3"],
  [/tree/, "tree", "M12 21v-7M12 14a5 5 0 1 1 0-10 5 5 0 0 1 0 10z"],
  [/signal/, "signal", "M8 3h8v18H8zM12 7.500v.1M12 12v.1M12 16.500v.1"],
];

export const glyphOf = (id) => (GLYPHS.find(([pattern]) => pattern.test(id)) || [])[1] || null;

/** Gives MapLibre the glyph that a style asks for by the name "twin-<glyph>". */
export function provide(map) {
  map.on("styleimagemissing", (event) => {
    const found = GLYPHS.find(([, name]) => event.id === `twin-${name}`);
    if (!found || map.hasImage(event.id)) return;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIZE;
    const pen = canvas.getContext("2d");
    pen.scale(SIZE / 24, SIZE / 24);
    Object.assign(pen, { lineWidth: 2.4, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
    pen.stroke(new Path2D(found[2]));
    map.addImage(event.id, pen.getImageData(0, 0, SIZE, SIZE), { pixelRatio: 2 });
  });
}

const FROM = 15.5; // below this zoom a dot alone is clearer

/** A point layer with its glyph: the dot grows where the glyph appears. `circle`: the server's style layer. */
export function decorate(circle, id) {
  const glyph = glyphOf(id);
  if (!glyph) return [circle];
  const radius = circle.paint["circle-radius"];
  const small = Array.isArray(radius) ? radius.at(-3) : radius;
  const dot = { ...circle, paint: { ...circle.paint, "circle-radius": ["interpolate", ["linear"], ["zoom"],
    10, small * 0.4, 14.5, small, FROM, Math.max(small, 4.5), 17, Math.max(small * 1.3, 8), 20, Math.max(small * 1.8, 11)] } };
  return [dot, {
    id: `${circle.id}-glyph`, type: "symbol", source: circle.source, "source-layer": circle["source-layer"], minzoom: FROM + 0.5,
    metadata: circle.metadata, ...(circle.filter ? { filter: circle.filter } : {}),
    layout: { ...circle.layout, "icon-image": `twin-${glyph}`, "icon-allow-overlap": true, "icon-ignore-placement": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 16, 0.38, 17, 0.6, 20, 0.85] },
  }];
}
