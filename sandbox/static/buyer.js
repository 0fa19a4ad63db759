/** The buyer's phone: chats on Avito. */

import { get, post } from "./api.js";
import { avatar, clock, el, fill } from "./dom.js";
import { t } from "./i18n.js";
import { Thread, bubble, composer, head, nothing } from "./thread.js";

const SHOWN = 60;

export class Buyer {
  constructor(root) {
    this.root = root;
    this.chats = [];
    this.filter = "";
    this.openId = null;
    this.showList();
  }

  update(state) {
    this.chats = state.avito.chats;
    if (this.openId === null) {
      this.fillList();
      return undefined;
    }
    const chat = this.find(this.openId);
    if (!chat) {
      this.showList();
      return undefined;
    }
    return this.refresh(chat);
  }

  find(id) {
    return this.chats.find((chat) => chat.chat_id === id);
  }

  showList() {
    this.openId = null;
    this.list = el("ul", { class: "rows" });
    const search = el("input", {
      type: "search",
      class: "search",
      placeholder: t("search"),
      "aria-label": t("search"),
      testid: "buyer-search",
      oninput: () => {
        this.filter = search.value.toLowerCase();
        this.fillList();
      },
    });
    search.value = this.filter;
    this.root.replaceChildren(head({ title: t("messages"), picture: brand() }), search, this.list);
    this.fillList();
  }

  fillList() {
    const found = this.chats.filter((chat) =>
      `${chat.buyer.name} ${chat.item.title}`.toLowerCase().includes(this.filter),
    );
    const rows = found.slice(0, SHOWN).map((chat) => ({
      key: chat.chat_id,
      sign: `${chat.revision} ${chat.updated}`,
      make: () => this.row(chat),
    }));
    if (!this.chats.length) rows.push({ key: "none", make: () => el("li", {}, nothing("no_chats", "no_chats_hint")) });
    const rest = found.length - SHOWN;
    if (rest > 0) rows.push({ key: "rest", sign: rest, make: () => el("li", { class: "hush" }, t("more", { n: rest })) });
    fill(this.list, rows);
  }

  row(chat) {
    const last = chat.last_message;
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "row", testid: "buyer-chat", "data-id": chat.chat_id, onclick: () => this.open(chat.chat_id) },
        itemPicture(chat),
        el(
          "span",
          { class: "lines" },
          el("span", { class: "first" }, el("strong", {}, chat.buyer.name), el("time", {}, clock(chat.updated))),
          el("span", { class: "item" }, `${chat.item.title} · ${chat.item.price_string}`),
          el("span", { class: "last" }, last ? preview(last) : "…"),
        ),
      ),
    );
  }

  open(id) {
    const chat = this.find(id);
    if (!chat) return;
    this.openId = id;
    this.seen = 0;
    this.thread = new Thread({ testid: "buyer-thread" });
    const item = el("div", { class: "card" }, itemPicture(chat), el("div", {}, el("strong", {}, chat.item.title), el("span", {}, chat.item.price_string)));
    this.root.replaceChildren(
      head({ back: () => this.showList(), picture: avatar(chat.buyer.name), title: chat.buyer.name, subtitle: t("buyer_caption") }),
      item,
      this.thread.node,
      composer({
        prefix: "buyer",
        submit: (text) => post("avito/say", { chat_id: id, type: "text", text }),
        photo: () => post("avito/say", { chat_id: id, type: "image", image: "sample" }),
      }),
    );
    this.refresh(chat).then(() => this.thread.toEnd());
    this.root.querySelector("textarea").focus({ preventScroll: true });
  }

  async refresh(chat) {
    if (chat.revision === this.seen) return;
    if (chat.revision < this.seen) {
      this.showList();
      return;
    }
    const view = await get(`avito/chats/${encodeURIComponent(chat.chat_id)}?after=${this.seen}`);
    if (this.openId !== chat.chat_id) return;
    this.seen = view.revision;
    this.thread.upsert(view.messages.map((message) => [message.id, this.bubble(message)]));
  }

  bubble(message) {
    const mine = message.direction === "in";
    const tick = mine ? el("span", { class: message.is_read ? "tick read" : "tick", title: t(message.is_read ? "read" : "sent") }, message.is_read ? " ✓✓" : " ✓") : null;
    return bubble({ mine, key: message.id, meta: [clock(message.created), tick], parts: body(message) });
  }
}

function body(message) {
  const { type, content } = message;
  if (type === "image") {
    const url = new URL(content.image.sizes["640x480"] ?? Object.values(content.image.sizes)[0]);
    return [el("img", { class: "shot", src: url.pathname, alt: t("photo"), loading: "lazy" })];
  }
  if (type === "deleted") return [el("em", {}, t("deleted"))];
  return [el("span", { class: "text" }, content.text ?? preview(message))];
}

function preview(message) {
  if (message.type === "text" || message.content.text) return message.content.text;
  if (message.type === "deleted") return t("deleted");
  return { image: t("photo"), voice: t("voice") }[message.type] ?? `[${message.type}]`;
}

function itemPicture(chat) {
  const address = chat.item.images?.main?.["140x105"];
  const path = address ? new URL(address, location.href).pathname : null;
  return el("img", { class: "thumb", src: path ?? "/avito/static/images/sample/140x105", alt: "" });
}

function brand() {
  return el("span", { class: "brand-dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"), el("i"));
}
