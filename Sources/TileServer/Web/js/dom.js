// SPDX-License-Identifier: Apache-2.0
// Building DOM without ever parsing data as markup: text only enters through text nodes and attributes.

/** Creates an element. `props`: class, data-*, aria-*, on<event>, style (object), or plain attributes. */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replaces the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

const PATHS = {
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5",
  moon: "M20 14a8 8 0 0 1-10-10 8 8 0 1 0 10 10z",
  left: "M4 4h16v16H4zM9 4v16", right: "M4 4h16v16H4zM15 4v16",
  pin: "M12 21s-7-6.5-7-11.5a7 7 0 0 1 14 0C19 14.5 12 21 12 21zM12 7.5a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z", north: "M12 3l5 17-5-4-5 4z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1", target: "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM12 2v5M12 17v5M2 12h5M17 12h5",
  ruler: "M3 16L16 3l5 5L8 21zM7 12l2 2M10 9l2 2M13 6l2 2", palette: "M4 20V12h4v8zM10 20V7h4v13zM16 20V3h4v17z", cut: "M3 8l9-5 9 5v8l-9 5-9-5zM12 12l9-4M12 12v9M12 12L3 8",
  table: "M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9", swipe: "M12 3v18M8 8l-4 4 4 4M16 8l4 4-4 4", print: "M7 9V4h10v5M7 17H4v-8h16v8h-3M7 14h10v6H7z",
  key: "M15 3a6 6 0 1 0-4.6 9.8L5 18v3h3l1-1v-2h2v-2h2l1.2-1.2A6 6 0 0 0 15 3zM16 7.5a.5.5 0 1 0 0 1 .5.5 0 0 0 0-1",
  pulse: "M3 12h4l3-8 4 16 3-8h4", cursor: "M5 3l6 17 2.5-7L20 10z", relief: "M2 20l7-12 4 6 3-4 6 10z", layers: "M12 3l9 5-9 5-9-5zM3 13l9 5 9-5",
};

/** An inline icon; decorative, so hidden from assistive technology. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Sets the page's ready flag, which scripts and tests wait for. */
export function setReady(value) {
  document.body.dataset.ready = value ? "1" : "0";
}

/** Calls `action` once, `wait` milliseconds after the last call. */
export function debounce(wait, action) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), wait);
  };
}

/** A short message over the map; empty text hides it. */
export function note(text) {
  const element = document.getElementById("stage-note");
  element.textContent = text || "";
  element.hidden = !text;
}

/** Offers text as a file to save. */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
