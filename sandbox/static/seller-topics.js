/** The topics of one group, and what its owner can do to the group. */

import { get, post } from "./api.js";
import { ICONS, avatar, clock, el, fill, icon, round } from "./dom.js";
import { t } from "./i18n.js";
import { preview } from "./seller-content.js";
import { openSheet } from "./sheet.js";
import { head, nothing, row } from "./thread.js";

const SHOWN = 60;

export class SellerTopics {
  constructor(seller, chat) {
    this.seller = seller;
    this.chatId = chat.chat_id;
    this.revision = 0;
    this.topics = [];
    this.last = new Map();
    this.list = el("ul", { class: "rows", testid: "topics" });
    const menu = round({ testid: "group-menu", label: t("group_menu"), path: ICONS.more, onclick: () => openGroupMenu(seller, this.chatId) });
    seller.root.replaceChildren(
      head({ back: () => seller.home(), picture: avatar(chat.title, { className: "square" }), title: chat.title, subtitle: t("topics"), actions: [menu] }),
      this.list,
    );
    this.update().catch(() => {});
  }

  async update() {
    const view = await get(`telegram/chats/${this.chatId}?after=${this.revision}`);
    this.revision = view.revision;
    this.topics = view.topics;
    for (const message of view.messages) {
      const known = this.last.get(message.thread_id);
      if (!known || known.message_id <= message.message_id) this.last.set(message.thread_id, message);
    }
    this.fill();
  }

  fill() {
    const { last } = this;
    const alive = this.topics.filter((topic) => !topic.deleted);
    alive.sort((a, b) => (last.get(b.id)?.message_id ?? b.id) - (last.get(a.id)?.message_id ?? a.id));
    const rows = alive.slice(0, SHOWN).map((topic) => ({
      key: topic.id,
      sign: `${topic.name} ${topic.closed} ${last.get(topic.id)?.message_id} ${preview(last.get(topic.id))}`,
      make: () => this.topicRow(topic),
    }));
    const rest = alive.length - SHOWN;
    if (rest > 0) rows.push({ key: "rest", sign: rest, make: () => el("li", { class: "hush" }, t("more", { n: rest })) });
    if (!alive.length) rows.push({ key: "none", make: () => el("li", {}, nothing("no_topics", "no_topics_hint")) });
    rows.push({ key: "general", sign: preview(last.get(null)), make: () => this.generalRow() });
    fill(this.list, rows);
  }

  generalRow() {
    const picture = el("span", { class: "topic-mark plain" }, icon(ICONS.topic));
    const open = () => this.seller.openThread({ chatId: this.chatId, title: t("general"), forum: true });
    return row({ testid: "topic", id: "general", picture, title: t("general"), line: preview(this.last.get(null)), open });
  }

  topicRow(topic) {
    const latest = this.last.get(topic.id);
    const fresh = latest && latest.message_id > this.seller.lastSeen(this.chatId, topic.id) && latest.from.is_bot;
    return row({
      testid: "topic",
      id: topic.id,
      picture: topicMark(topic),
      title: topic.name,
      line: preview(latest),
      time: latest && clock(latest.date),
      mark: fresh ? el("span", { class: "dot", role: "img", "aria-label": t("new_messages") }) : topic.closed ? icon(ICONS.lock) : null,
      open: () => this.seller.openThread({ chatId: this.chatId, threadId: topic.id, title: topic.name, forum: true }),
    });
  }
}

function topicMark(topic) {
  const mark = el("span", { class: "topic-mark", "aria-hidden": "true" }, [...topic.name][0] ?? "#");
  mark.style.setProperty("--colour", `#${topic.icon_color.toString(16).padStart(6, "0")}`);
  return mark;
}

/** The bots' places and rights, and a move of the group to another id. */
export async function openGroupMenu(seller, chatId) {
  // What the page saw last may be half a second old, and the menu is of what is so now.
  const { telegram } = await get("state");
  const chat = telegram.chats.find((group) => group.chat_id === chatId);
  const inside = telegram.bots.filter((bot) => chat.bots[bot.id]);
  const act = (path, body) => () => post(`telegram/${path}`, { chat_id: chatId, user: seller.user?.id, ...body });
  const items = inside.flatMap((bot) => botItems(bot, chat.bots[bot.id], act));
  items.push({ key: "migrate", label: t("migrate"), mark: "🔀", act: act("migrate", {}) });
  openSheet(seller.root, { title: chat.title, items });
}

function botItems(bot, status, act) {
  const name = bot.username;
  if (status === "kicked" || status === "left") {
    return [{ key: "return", label: t("return", { name }), mark: "↩", act: act("return", { bot: bot.token, rights: {} }) }];
  }
  const rights = (given) => act("rights", { bot: bot.token, rights: given });
  return [
    { key: "kick", label: t("kick", { name }), mark: "🚪", danger: true, act: act("kick", { bot: bot.token }) },
    { key: "no-topics", label: t("no_topic_right", { name }), mark: "🔒", act: rights({ can_manage_topics: false }) },
    { key: "no-pins", label: t("no_pin_right", { name }), mark: "🔒", act: rights({ can_pin_messages: false }) },
    { key: "all-rights", label: t("all_rights", { name }), mark: "🔓", act: rights({}) },
  ];
}
