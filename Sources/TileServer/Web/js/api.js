// SPDX-License-Identifier: Apache-2.0
// Requests to the city's server. Every failure becomes an Error whose message is the server's own detail.

async function get(path) {
  const response = await fetch(path, { headers: { Accept: "application/json, application/geo+json" } });
  if (!response.ok) throw await problem(response);
  return response.json();
}

async function problem(response) {
  let detail = `${response.status} ${response.statusText}`;
  if ((response.headers.get("Content-Type") || "").includes("json")) {
    const body = await response.json();
    detail = body.detail || body.title || detail;
  }
  const error = new Error(detail);
  error.status = response.status;
  return error;
}

export const city = () => get("/city.json");
export const style = (lang, theme) => get(`/style.json?lang=${lang}&theme=${theme}`);
export const feature = (layer, id) => get(`/collections/${encodeURIComponent(layer)}/items/${encodeURIComponent(id)}?f=json`);

/** Features within `radius` metres of `at`, grouped by layer, nearest first. */
export function radius(at, metres, layers, limit = 200) {
  const list = layers.map(encodeURIComponent).join(",");
  return get(`/query/radius?at=${at[0]},${at[1]}&radius=${metres}&layers=${list}&limit=${limit}`);
}
