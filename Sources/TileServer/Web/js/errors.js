// SPDX-License-Identifier: Apache-2.0
// Loaded first, as a plain script, so that a failure to load the modules themselves is also recorded.
"use strict";
window.__errors = [];
window.addEventListener("error", (event) => {
  const source = event.target && (event.target.src || event.target.href);
  window.__errors.push(source ? `could not load ${source}` : String(event.message));
}, true);
window.addEventListener("unhandledrejection", (event) => {
  window.__errors.push(String((event.reason && (event.reason.stack || event.reason.message)) || event.reason));
});
window.CESIUM_BASE_URL = "/vendor/cesium-1.144.0/";
