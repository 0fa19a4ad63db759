/** One chat of the buyer's: what is said, and everything a buyer can do to it. */

import { get, post } from "./api.js";
import { itemPicture, parts, preview, quoteOf } from "./buyer-content.js";
import { Composer } from "./composer.js";
import { avatar, clock, el } from "./dom.js";
import { t } from "./i18n.js";
import { openSheet } from "./sheet.js";
import { Thread, bubble, head } from "./thread.js";

const TEXT_MAX = 1000;
const PLAIN = { location: "📍", link: "🔗", item: "🛋", call: "📞", appCall: "📲", file: "📎", video: "🎬", unknown: "❔" };

export class BuyerThread {
  constructor(phone, chat, { back }) {
    this.phone = phone;
    this.chat = chat;
    this.back = back;
    this.seen = 0;
    this.known = new Map();
    this.thread = new Thread({ testid: "buyer-thread" });
    this.composer = new Composer({
      prefix: "buyer",
      limit: TEXT_MAX,
      submit: (text, mode) => this.say({ type: "text", text, quote: mode?.id }),
      attach: () => this.attach(),
    });
    this.banned = el("p", { class: "banned", hidden: true, testid: "banned" }, t("banned"));
    this.readButton = el("button", { type: "button", class: "mini", testid: "buyer-read", hidden: true, onclick: () => this.read().catch(() => {}) }, t("mark_read"));
    phone.replaceChildren(
      head({ back, picture: avatar(chat.buyer.name), title: chat.buyer.name, subtitle: t("buyer_caption"), actions: [this.readButton] }),
      el("div", { class: "card" }, itemPicture(chat), el("div", {}, el("strong", {}, chat.item.title), el("span", {}, chat.item.price_string))),
      this.thread.node,
      this.banned,
      this.composer.node,
    );
    this.refresh(chat).then(() => this.thread.toEnd(), () => {});
    this.composer.focus();
  }

  say(body) {
    return post("avito/say", { chat_id: this.chat.chat_id, ...body });
  }

  read() {
    return post("avito/read", { chat_id: this.chat.chat_id });
  }

  /** Show what has changed since the last look; nothing while nothing has. */
  async refresh(chat) {
    this.chat = chat;
    this.banned.hidden = !chat.banned;
    this.composer.node.hidden = chat.banned;
    if (chat.revision === this.seen) return;
    if (chat.revision < this.seen) {
      this.back();
      return;
    }
    const view = await get(`avito/chats/${encodeURIComponent(chat.chat_id)}?after=${this.seen}`);
    this.seen = view.revision;
    for (const message of view.messages) this.known.set(message.id, message);
    this.thread.upsert(view.messages.map((message) => [message.id, this.bubble(message)]));
    this.readButton.hidden = ![...this.known.values()].some((m) => m.direction === "out" && m.read === null);
  }

  bubble(message) {
    const mine = message.direction === "in";
    const tick = mine ? el("span", { class: message.is_read ? "tick read" : "tick", title: t(message.is_read ? "read" : "sent") }, message.is_read ? " ✓✓" : " ✓") : null;
    const quoted = (source) => quoteOf(source, { name: this.nameOf(source), onclick: () => this.thread.show(source.id) });
    return bubble({
      mine,
      key: message.id,
      meta: [clock(message.created), tick],
      parts: parts(message, { quoted }),
      menu: message.type === "deleted" ? null : () => this.menu(message),
      className: message.type === "deleted" ? "gone" : "",
    });
  }

  nameOf(message) {
    return message.author_id === this.chat.buyer.id ? this.chat.buyer.name : t("seller");
  }

  menu(message) {
    const text = preview(message);
    const items = [{ key: "quote", label: t("quote"), mark: "↩", act: () => this.composer.begin({ kind: "reply", id: message.id, text }) }];
    if (message.direction === "in") {
      const act = () => post("avito/delete", { chat_id: this.chat.chat_id, message_id: message.id });
      items.push({ key: "delete", label: t("delete"), mark: "✕", danger: true, act });
    }
    openSheet(this.phone, { title: text, items });
  }

  attach() {
    const plain = Object.entries(PLAIN).map(([type, mark]) => ({ key: type, label: t(type), mark, act: () => this.send({ type }) }));
    openSheet(this.phone, {
      title: t("attach"),
      items: [
        { key: "photo", label: t("sample_photo"), mark: "🖼", act: () => this.send({ type: "image", image: "sample" }) },
        { key: "own-photo", label: t("own_photo"), mark: "📷", pick: true, act: (image) => this.send({ type: "image", image }) },
        { key: "voice", label: t("sample_voice"), mark: "🎤", act: () => this.send({ type: "voice", voice: "sample" }) },
        ...plain,
        { key: "system", label: t("system"), mark: "ℹ️", act: () => this.send({ type: "system", text: t("system_text") }) },
        { key: "empty", label: t("empty"), mark: "▫️", act: () => this.send({ type: "text", empty: true }) },
      ],
    });
  }

  send(body) {
    return this.say({ ...body, quote: this.composer.takeReply() });
  }
}
