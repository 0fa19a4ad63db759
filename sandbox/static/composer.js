/** The line to write in: text, what can be attached, what is being answered or changed. */

import { ICONS, el, round } from "./dom.js";
import { t } from "./i18n.js";

const HEIGHT_MAX = 120;

export class Composer {
  /**
   * `submit(text, mode)` sends; `attach()` offers what else can be sent. `commands` are
   * `{name, hint, takesText}`, offered as soon as a line begins like one.
   */
  constructor({ prefix, submit, attach, commands = [], limit }) {
    this.submit = submit;
    this.commands = commands;
    this.mode = null;
    this.input = el("textarea", {
      id: `${prefix}-text`,
      testid: `${prefix}-text`,
      "aria-label": t("write"),
      placeholder: t("write"),
      rows: "1",
      maxlength: String(limit),
      onkeydown: (event) => this.onKey(event),
      oninput: () => this.onInput(),
    });
    this.banner = el("div", { class: "banner", hidden: true, testid: `${prefix}-banner` });
    this.offers = el("div", { class: "offers", hidden: true, testid: `${prefix}-commands` });
    this.form = el(
      "form",
      { class: "composer", onsubmit: (event) => this.send(event) },
      round({ testid: `${prefix}-attach`, label: t("attach"), path: ICONS.attach, onclick: attach }),
      this.input,
      round({ id: `${prefix}-send`, testid: `${prefix}-send`, label: t("send"), path: ICONS.send, className: "send" }),
    );
    this.node = el("div", {}, this.offers, this.banner, this.form);
  }

  /** Answer or change a message: `{kind, id, text}`; a change begins with the old text. */
  begin(mode) {
    this.mode = mode;
    const label = t(mode.kind === "edit" ? "editing" : "replying");
    this.banner.replaceChildren(
      el("span", { class: "lines" }, el("strong", {}, label), el("span", { class: "last" }, mode.text)),
      round({ testid: "cancel-mode", label: t("cancel"), path: ICONS.cross, onclick: () => this.end() }),
    );
    this.banner.hidden = false;
    if (mode.kind === "edit") this.write(mode.text);
    this.focus();
  }

  end() {
    if (this.mode?.kind === "edit") this.write("");
    this.mode = null;
    this.banner.hidden = true;
  }

  /** The text so far, taken away: the caption of what is being attached. */
  take() {
    const text = this.input.value.trim();
    this.write("");
    return text;
  }

  /** The message being answered, if any, and an end to answering. */
  takeReply() {
    const id = this.mode?.kind === "reply" ? this.mode.id : null;
    this.end();
    return id;
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }

  write(text) {
    this.input.value = text;
    this.onInput();
  }

  async send(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    const { mode } = this;
    this.mode = null;
    this.banner.hidden = true;
    this.write("");
    try {
      await this.submit(text, mode);
    } catch {
      if (mode) this.begin(mode);
      this.write(text);
    }
  }

  onKey(event) {
    if (event.key === "Escape") this.end();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.form.requestSubmit();
    }
  }

  onInput() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, HEIGHT_MAX)}px`;
    const typed = this.input.value;
    const fitting = /^\/\w*$/.test(typed) ? this.commands.filter(({ name }) => name.startsWith(typed)) : [];
    this.offers.hidden = !fitting.length;
    this.offers.replaceChildren(...fitting.map((command) => this.offer(command)));
  }

  offer({ name, hint, takesText }) {
    const choose = () => {
      this.write(takesText ? `${name} ` : name);
      this.focus();
      if (!takesText) this.form.requestSubmit();
    };
    return el("button", { type: "button", testid: "command", onclick: choose }, el("b", {}, name), el("span", {}, hint));
  }
}
