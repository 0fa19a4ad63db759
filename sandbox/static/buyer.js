/** The buyers' phone: their chats on Avito. */

import { itemPicture, preview } from "./buyer-content.js";
import { BuyerThread } from "./buyer-thread.js";
import { clock, el, fill } from "./dom.js";
import { t } from "./i18n.js";
import { head, nothing } from "./thread.js";

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
    return this.thread.refresh(chat);
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
    this.thread = new BuyerThread(this.root, chat, { back: () => this.showList() });
  }
}

function brand() {
  return el("span", { class: "brand-dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"), el("i"));
}
