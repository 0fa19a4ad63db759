/** A list of messages that grows and changes without losing the reader's place. */

import { ICONS, el, icon } from "./dom.js";
import { t } from "./i18n.js";

export class Thread {
  constructor({ testid }) {
    this.nodes = new Map();
    this.node = el("div", { class: "thread", testid, role: "log", tabindex: "0" });
    this.empty = el("p", { class: "hush" }, t("no_messages"));
    this.node.append(this.empty);
    // The end stays in sight when the thread itself grows or shrinks.
    this.atEnd = true;
    this.node.addEventListener("scroll", () => {
      this.atEnd = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < 80;
    });
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.node);
  }

  /** Show `[key, element]` pairs: known keys are replaced, new ones come last. */
  upsert(pairs) {
    if (!pairs.length) return;
    this.empty.remove();
    for (const [key, element] of pairs) {
      const old = this.nodes.get(key);
      if (old) old.replaceWith(element);
      else this.node.append(element);
      this.nodes.set(key, element);
    }
    if (this.atEnd) this.toEnd();
  }

  toEnd() {
    this.node.scrollTop = this.node.scrollHeight;
  }
}

/** One bubble; `meta` stands at its lower end. */
export function bubble({ mine, key, meta, parts, className = "" }) {
  return el(
    "article",
    { class: `bubble ${mine ? "mine" : "theirs"} ${parts.some(isShot) ? "with-shot" : ""} ${className}`, testid: "message", "data-id": key },
    parts,
    el("small", { class: "meta" }, meta),
  );
}

function isShot(part) {
  return part.classList?.contains("shot") ?? false;
}

/** The line to write in; `submit(text)` empties it when done, `photo()` sends the sample. */
export function composer({ prefix, submit, photo }) {
  const input = el("textarea", {
    id: `${prefix}-text`,
    testid: `${prefix}-text`,
    "aria-label": t("write"),
    placeholder: t("write"),
    rows: "1",
    maxlength: prefix === "buyer" ? "1000" : "4096",
  });
  const form = el(
    "form",
    { class: "composer", onsubmit: send },
    el(
      "button",
      { type: "button", class: "round", testid: `${prefix}-photo`, "aria-label": t("send_photo"), title: t("send_photo"), onclick: () => photo().catch(() => {}) },
      icon(ICONS.photo),
    ),
    input,
    el(
      "button",
      { class: "round send", id: `${prefix}-send`, testid: `${prefix}-send`, "aria-label": t("send"), title: t("send") },
      icon(ICONS.send),
    ),
  );
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  input.addEventListener("input", () => {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 120)}px`;
  });

  async function send(event) {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    input.style.height = "auto";
    try {
      await submit(text);
    } catch {
      input.value = text;
    }
  }
  return form;
}

/** The phone's head: a way back where there is one, a picture, two lines, actions. */
export function head({ back, picture, title, subtitle, actions = [] }) {
  return el(
    "header",
    { class: "head" },
    back && el("button", { type: "button", class: "round", "aria-label": t("back"), testid: "back", onclick: back }, icon(ICONS.back)),
    picture,
    el("div", { class: "titles" }, el("strong", {}, title), subtitle && el("span", {}, subtitle)),
    actions,
  );
}

export function nothing(title, hint) {
  return el("div", { class: "nothing" }, el("strong", {}, t(title)), el("p", {}, t(hint)));
}
