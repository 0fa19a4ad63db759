/** Elements by hand: no markup is ever made from text. */

import { locale } from "./i18n.js";

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "testid") node.dataset.testid = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  back: "M15 5l-7 7 7 7",
  send: "M4 12l16-8-6 16-3-6z",
  photo: "M4 6h16v12H4zM4 16l5-5 4 4 3-3 4 4M15 9.5h.01",
  topic: "M9 4L7 20M17 4l-2 16M4 9h16M3 15h16",
  attach: "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 5 5l-8.5 8.5a1.7 1.7 0 0 1-2.5-2.5L15 7",
  cross: "M6 6l12 12M18 6L6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  check: "M2 13l4 4L15 7M11 16l1 1 9-10",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z",
};

/** A round button with a sign; without `onclick` it submits its form. */
export function round({ testid, id, label, path, onclick, className = "" }) {
  const props = { class: `round ${className}`, type: onclick ? "button" : "submit", id, testid, "aria-label": label, title: label, onclick };
  return el("button", props, icon(path));
}

const HUES = [212, 262, 330, 18, 152, 190, 40, 290];

/** A round letter whose colour follows from the name. */
export function avatar(name, { className = "" } = {}) {
  let sum = 0;
  for (const char of String(name)) sum += char.codePointAt(0);
  const letter = [...String(name).trim()][0] ?? "?";
  const node = el("span", { class: `avatar ${className}`, "aria-hidden": "true" }, letter.toUpperCase());
  node.style.setProperty("--hue", HUES[sum % HUES.length]);
  return node;
}

/** Fill a list with `{key, sign, make}`: a row whose sign is the same stays the same element. */
export function fill(list, items) {
  const old = list.rows ?? new Map();
  list.rows = new Map();
  for (const { key, sign, make } of items) {
    const known = old.get(key);
    list.rows.set(key, known && known.sign === sign ? known : { sign, node: make() });
  }
  const nodes = [...list.rows.values()].map((row) => row.node);
  const same = nodes.length === list.children.length && nodes.every((node, at) => list.children[at] === node);
  if (!same) list.replaceChildren(...nodes);
}

export function clock(seconds) {
  const at = new Date(seconds * 1000);
  return at.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });
}
