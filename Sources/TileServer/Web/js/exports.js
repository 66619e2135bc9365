// SPDX-License-Identifier: Apache-2.0
// Features as files to save.

import { download } from "./dom.js";

export const asGeoJSON = (name, features, more = {}) =>
  download(`${name}.geojson`, "application/geo+json", JSON.stringify({ type: "FeatureCollection", ...more, features }));

/** CSV with a byte-order mark so that spreadsheet programs read the Chinese; a leading = + - @ is defused. */
export function asCSV(name, columns, rows) {
  const cell = (value) => {
    let text = value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  download(`${name}.csv`, "text/csv;charset=utf-8", "\ufeff" + [columns, ...rows].map((line) => line.map(cell).join(",")).join("\r\n"));
}
