// SPDX-License-Identifier: Apache-2.0
// Requests to the city's server. Every failure becomes an Error whose message is the server's own detail.

const KEY = "twin.token";

/** The access token of this browser tab, or null. It is kept in sessionStorage only: closing the tab forgets it. */
export const token = () => sessionStorage.getItem(KEY);
export const setToken = (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY));

/** The headers that name the caller: `Authorization` when there is a token, else none. */
export const authorization = (value = token()) => (value ? { Authorization: `Bearer ${value}` } : {});

/** For MapLibre: adds the caller's headers to requests to our own host, and to no other. */
export function transformRequest(url) {
  return new URL(url, location.href).origin === location.origin ? { url, headers: authorization() } : { url };
}

/** A response whose status is good; anything else throws the server's reason. */
export async function open(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { ...authorization(), ...options.headers } });
  if (!response.ok) throw await problem(response);
  return response;
}

const get = async (path) => (await open(path, { headers: { Accept: "application/json, application/geo+json" } })).json();

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
/** The map style. `thematic`: null or {layer, field, classes, method}, of which the last two may be null. */
export function style(lang, theme, thematic = null) {
  const query = new URLSearchParams({ lang, theme });
  if (thematic) {
    query.set("thematic", `${thematic.layer}.${thematic.field}`);
    if (thematic.classes) query.set("classes", thematic.classes);
    if (thematic.method) query.set("method", thematic.method);
  }
  return get(`/style.json?${query}`);
}
export const feature = (layer, id) => get(`/collections/${encodeURIComponent(layer)}/items/${encodeURIComponent(id)}?f=json`);

/** Answers a question of `POST /query`. */
export const ask = async (question) => (await open("/query", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) })).json();

/** Features whose texts contain every word. */
export const search = (text, limit) => get(`/search?q=${encodeURIComponent(text)}&limit=${limit}`);

const seconds = (value) => new Promise((resolve) => setTimeout(resolve, value * 1000));

let paths = null;
/** Whether the server has a route, by its template as in `GET /api`. */
export async function offers(template) {
  paths ||= get("/api").then((document) => document.paths);
  return template in (await paths);
}

/** Whether tiles can be asked for as they were: their address then takes `version`, an instant. */
export async function hasPast() {
  paths ||= get("/api").then((document) => document.paths);
  return Object.entries(await paths).some(([path, at]) => path.startsWith("/tiles/{") && ((at.get && at.get.parameters) || []).some((p) => p.name === "version"));
}

/** Throws the server's reason where a layer cannot be shown as it was at an instant. */
export const checkPast = (layer, at) => open(`/collections/${encodeURIComponent(layer)}/items?limit=1&version=${encodeURIComponent(at)}`);

/** The analyses that the server offers (OGC API - Processes), and one of them with its inputs. */
export const processes = () => get("/processes");
export const process = (id) => get(`/processes/${encodeURIComponent(id)}`);

const post = (path, body, headers) => open(path, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });

/** Runs an analysis as a job and resolves with its result. `told(percent, cancel)` is called while it runs. */
export async function execute(id, request, told) {
  const response = await post(`/processes/${encodeURIComponent(id)}/execution`, request, { Prefer: "respond-async" });
  if (response.status !== 201) return response.json();
  const place = new URL(response.headers.get("Location"), location.href).pathname;
  const cancel = () => open(place, { method: "DELETE" });
  for (let wait = 0.1; ; wait = Math.min(1, wait * 1.5)) {
    const job = await get(place);
    told(job.progress ?? null, cancel);
    if (job.status === "successful") return (await open(`${place}/results`)).json();
    if (["failed", "dismissed"].includes(job.status)) throw new Error(job.message || job.status);
    await seconds(wait);
  }
}

/** Runs an analysis at once and resolves with its result as text of a media type. */
export const executeAs = async (id, request, mediaType) =>
  (await post(`/processes/${encodeURIComponent(id)}/execution`, { ...request, outputs: { result: { format: { mediaType } } } })).text();

/** A section through a model's pipes along a line [[lon, lat], …]; pipes within `corridor` metres run along it. */
export const SECTION = "/query/section";
export const section = (model, line, corridor) =>
  get(`${SECTION}?model=${encodeURIComponent(model)}&line=${line.flat().map((v) => v.toFixed(8)).join(",")}&corridor=${corridor}`);

/** What the city holds by CIM level, with counts, areas and lengths. */
export const INVENTORY = "/inventory";
export const inventory = () => get(INVENTORY);

/** Whether the server knows this token; throws its reason when it does not. */
export const checkToken = (value) => open("/city.json", { headers: authorization(value) });

/** Features within `radius` metres of `at`, grouped by layer, nearest first. */
export function radius(at, metres, layers, limit = 200) {
  const list = layers.map(encodeURIComponent).join(",");
  return get(`/query/radius?at=${at[0]},${at[1]}&radius=${metres}&layers=${list}&limit=${limit}`);
}

/**
 * Reads Server-Sent Events through fetch, because EventSource cannot send a header.
 * Calls `receive(event, data)` for each event until the stream ends or `signal` aborts; throws when it cannot start.
 */
export async function events(path, receive, signal) {
  const response = await open(path, { headers: { Accept: "text/event-stream" }, signal, cache: "no-store" });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      let name = "message";
      const data = [];
      for (const line of block.split(/\r?\n/)) {
        if (line.startsWith("event:")) name = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      }
      if (data.length) receive(name, data.join("\n"));
    }
  }
}
