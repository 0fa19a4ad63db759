/** Boxes, fields and choices of the tools. */

import { el } from "./dom.js";
import { t } from "./i18n.js";

export function box(title, ...children) {
  return el("details", { class: "box", open: true }, el("summary", {}, el("h2", {}, t(title))), el("div", { class: "inside" }, children));
}

export function field(label, control, className = "") {
  return el("label", { class: `field ${className}` }, el("span", {}, label), control);
}

export function input(id, value, props = {}) {
  const node = el("input", { id, testid: id, required: true, autocomplete: "off", ...props });
  node.value = value;
  return node;
}

export function fillSelect(select, pairs) {
  const known = [...select.options].map((o) => `${o.value}=${o.textContent}`).join("\n");
  if (known === pairs.map(([value, text]) => `${value}=${text}`).join("\n")) return;
  const chosen = select.value;
  select.replaceChildren(...pairs.map(([value, text]) => el("option", { value }, text)));
  if (pairs.some(([value]) => String(value) === chosen)) select.value = chosen;
}
