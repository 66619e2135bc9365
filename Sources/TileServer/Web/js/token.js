// SPDX-License-Identifier: Apache-2.0
// The access token: a dialog to enter it, checked with the server before it is kept; the page then starts again with it.

import * as api from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

/** Starts the page again, with the same view: what may be seen has changed everywhere. */
function use(value) {
  api.setToken(value);
  location.reload();
}

/** Asks for a token, or offers to put the present one away. */
export function ask() {
  document.getElementById("token-dialog")?.remove();
  const problem = h("div", { class: "problem", role: "alert", hidden: true });
  const input = h("input", { class: "field", id: "token-input", type: "password", autocomplete: "off", spellcheck: "false",
    "aria-label": t("token"), placeholder: t("token") });
  const form = h("form", { method: "dialog", onsubmit: async (event) => {
    event.preventDefault();
    const value = input.value.trim();
    if (!value) return input.focus();
    try {
      await api.checkToken(value);
      use(value);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      input.select();
    }
  } },
  h("h2", {}, t("tokenTitle")), h("p", { class: "mute" }, t("tokenHint")), input, problem,
  h("div", { class: "row" },
    h("button", { class: "btn primary", type: "submit", id: "token-use" }, t("tokenUse")),
    api.token() && h("button", { class: "btn", type: "button", id: "token-forget", onclick: () => use(null) }, t("tokenForget")),
    h("button", { class: "btn", type: "button", onclick: () => dialog.close() }, t("cancel"))));
  const dialog = h("dialog", { id: "token-dialog", class: "dialog", "aria-label": t("tokenTitle"), onclose: () => dialog.remove() }, form);
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
}
