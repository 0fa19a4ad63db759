/** A list of messages that grows and changes without losing the reader's place. */

import { ICONS, el, round } from "./dom.js";
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

  /** Bring a message into sight and let it flash. */
  show(key) {
    const node = this.nodes.get(key);
    if (!node) return;
    node.scrollIntoView({ block: "center", behavior: "smooth" });
    node.classList.remove("flash");
    requestAnimationFrame(() => node.classList.add("flash"));
  }

  toEnd() {
    this.node.scrollTop = this.node.scrollHeight;
  }
}

/** One bubble; `meta` stands at its lower end, `menu()` shows what can be done with it. */
export function bubble({ mine, key, meta, parts, reactions = [], menu, className = "" }) {
  const more = menu && round({ testid: "message-menu", label: t("message_menu"), path: ICONS.more, className: "more", onclick: menu });
  const onmenu = (event) => {
    if (event.target.closest("a")) return;
    event.preventDefault();
    menu();
  };
  return el(
    "article",
    {
      class: `bubble ${mine ? "mine" : "theirs"} ${parts.some(isShot) ? "with-shot" : ""} ${className}`,
      testid: "message",
      "data-id": key,
      oncontextmenu: menu && onmenu,
    },
    parts,
    reactions.length ? el("span", { class: "reactions", testid: "reactions" }, reactions.map((emoji) => el("span", {}, emoji))) : null,
    el("small", { class: "meta" }, meta),
    more,
  );
}

function isShot(part) {
  return part?.classList?.contains("shot") ?? false;
}

/** The phone's head: a way back where there is one, a picture, two lines, actions. */
export function head({ back, picture, title, subtitle, actions = [] }) {
  return el(
    "header",
    { class: "head" },
    back && round({ testid: "back", label: t("back"), path: ICONS.back, onclick: back }),
    picture,
    el("div", { class: "titles" }, el("strong", {}, title), subtitle && el("span", {}, subtitle)),
    actions,
  );
}

export function nothing(title, hint) {
  return el("div", { class: "nothing" }, el("strong", {}, t(title)), el("p", {}, t(hint)));
}

/** A line of a list: a picture, a title, a preview, something at its end. */
export function row({ testid, id, picture, title, line, time, mark, open }) {
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: "row", testid, "data-id": id, onclick: open },
      picture,
      el(
        "span",
        { class: "lines" },
        el("span", { class: "first" }, el("strong", {}, title), time && el("time", {}, time)),
        el("span", { class: "last" }, line),
      ),
      mark,
    ),
  );
}
