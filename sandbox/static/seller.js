/** The seller's phone: Telegram groups with topics, and private chats with bots. */

import { get, post } from "./api.js";
import { ICONS, avatar, clock, el, fill, icon } from "./dom.js";
import { t } from "./i18n.js";
import { rich } from "./rich.js";
import { Thread, bubble, composer, head, nothing } from "./thread.js";

const SHOWN = 60;

export class Seller {
  constructor(root) {
    this.root = root;
    this.state = { bots: [], chats: [], users: [] };
    this.userId = Number(localStorage.getItem("seller")) || null;
    this.place = null;
    this.seen = new Map();
    this.home();
  }

  get user() {
    return this.state.users.find((user) => user.id === this.userId) ?? this.state.users[0] ?? null;
  }

  choose(userId) {
    this.userId = userId;
    localStorage.setItem("seller", String(userId));
    this.home();
  }

  get groups() {
    return this.state.chats.filter((chat) => chat.type !== "private" && !chat.migrated_to);
  }

  update(state) {
    this.state = state.telegram;
    if (this.place === null) {
      this.fillHome();
      return undefined;
    }
    if (this.place.chatId < 0 && !this.groups.some((chat) => chat.chat_id === this.place.chatId)) {
      this.home();
      return undefined;
    }
    return this.refresh();
  }

  // The list of groups and bots

  home() {
    this.place = null;
    this.list = el("ul", { class: "rows" });
    this.root.replaceChildren(head({ title: t("chats"), subtitle: this.user?.first_name }), this.list);
    this.fillHome();
  }

  fillHome() {
    const subtitle = this.root.querySelector(".titles span");
    if (this.user && !subtitle) {
      this.home();
      return;
    }
    const groups = this.groups.slice(0, SHOWN).map((chat) => ({
      key: chat.chat_id,
      sign: chat.title,
      make: () => this.groupRow(chat),
    }));
    const bots = this.state.bots.slice(0, SHOWN).map((bot) => ({
      key: bot.token,
      sign: bot.first_name,
      make: () => this.botRow(bot),
    }));
    const none = { key: "none", make: () => el("li", {}, nothing("no_groups", "no_groups_hint")) };
    fill(this.list, groups.length || bots.length ? [...groups, ...bots] : [none]);
  }

  groupRow(chat) {
    const label = chat.is_forum ? `# ${t("topics")}` : "";
    const open = () => (chat.is_forum ? this.openGroup(chat.chat_id) : this.openThread({ chatId: chat.chat_id, title: chat.title }));
    return row({ testid: "group", id: chat.chat_id, picture: avatar(chat.title, { className: "square" }), title: chat.title, line: label, open });
  }

  botRow(bot) {
    const open = () => this.user && this.openThread({ chatId: this.user.id, bot, title: bot.first_name, subtitle: `@${bot.username}` });
    return row({ testid: "private-chat", id: bot.username, picture: avatar(bot.first_name), title: bot.first_name, line: `@${bot.username} · ${t("private_chat")}`, open });
  }

  /** Open the chat with a bot and offer to start it; false where there is no such bot. */
  openBot(username, payload) {
    const bot = this.state.bots.find((known) => known.username.toLowerCase() === username.toLowerCase());
    if (!bot || !this.user) return false;
    this.openThread({ chatId: this.user.id, bot, title: bot.first_name, subtitle: `@${bot.username}` });
    const start = button(t("start_bot"), () => this.say({ text: `/start ${payload ?? ""}`.trim() }).then(() => start.remove()), "start-bot", "start-bot");
    this.root.querySelector("form.composer").before(start);
    start.focus();
    return true;
  }

  // The topics of one group

  openGroup(chatId) {
    const chat = this.groups.find((group) => group.chat_id === chatId);
    this.place = { chatId, view: "topics", revision: 0, topics: [], last: new Map() };
    this.list = el("ul", { class: "rows", testid: "topics" });
    this.root.replaceChildren(
      head({ back: () => this.home(), picture: avatar(chat.title, { className: "square" }), title: chat.title, subtitle: t("topics") }),
      this.list,
    );
    this.refresh();
  }

  fillTopics() {
    const { topics, last, chatId } = this.place;
    const alive = topics.filter((topic) => !topic.deleted);
    alive.sort((a, b) => (last.get(b.id)?.message_id ?? b.id) - (last.get(a.id)?.message_id ?? a.id));
    const rows = alive.slice(0, SHOWN).map((topic) => ({
      key: topic.id,
      sign: `${topic.name} ${topic.closed} ${last.get(topic.id)?.message_id} ${preview(last.get(topic.id))}`,
      make: () => this.topicRow(topic),
    }));
    const rest = alive.length - SHOWN;
    if (rest > 0) rows.push({ key: "rest", sign: rest, make: () => el("li", { class: "hush" }, t("more", { n: rest })) });
    if (!alive.length) rows.push({ key: "none", make: () => el("li", {}, nothing("no_topics", "no_topics_hint")) });
    const line = preview(last.get(null));
    const open = () => this.openThread({ chatId, general: true, title: t("general"), forum: true });
    const picture = () => el("span", { class: "topic-mark plain" }, icon(ICONS.topic));
    const general = () => row({ testid: "topic", id: "general", picture: picture(), title: t("general"), line, open });
    rows.push({ key: "general", sign: line, make: general });
    fill(this.list, rows);
  }

  topicRow(topic) {
    const { last, chatId } = this.place;
    const latest = last.get(topic.id);
    const fresh = latest && latest.message_id > (this.seen.get(`${chatId}/${topic.id}`) ?? 0) && latest.from.is_bot;
    const open = () => this.openThread({ chatId, threadId: topic.id, title: topic.name, forum: true });
    return row({
      testid: "topic",
      id: topic.id,
      picture: topicMark(topic),
      title: topic.name,
      line: preview(latest),
      time: latest && clock(latest.date),
      mark: fresh ? el("span", { class: "dot", "aria-hidden": "true" }) : topic.closed ? icon(ICONS.lock) : null,
      open,
    });
  }

  // One thread: a topic, a whole group or a private chat

  openThread(place) {
    this.place = { ...place, view: "thread", revision: 0 };
    this.thread = new Thread({ testid: "seller-thread" });
    this.actions = el("span", { class: "actions" });
    this.pinned = el("div", { class: "pinned", hidden: true });
    this.root.replaceChildren(
      head({
        back: () => (place.forum ? this.openGroup(place.chatId) : this.home()),
        picture: place.threadId ? null : avatar(place.title, { className: place.chatId < 0 ? "square" : "" }),
        title: place.title,
        subtitle: place.subtitle ?? (place.forum ? this.groups.find((chat) => chat.chat_id === place.chatId)?.title : null),
        actions: [this.actions],
      }),
      this.pinned,
      this.thread.node,
      composer({ prefix: "seller", submit: (text) => this.say({ text }), photo: () => this.say({ photo: "sample" }) }),
    );
    this.refresh().then(() => this.thread.toEnd());
    this.root.querySelector("textarea").focus({ preventScroll: true });
  }

  say(content) {
    const { chatId, threadId, bot } = this.place;
    const body = { chat_id: chatId, user: this.user?.id, ...content };
    if (threadId) body.thread_id = threadId;
    if (bot) body.bot = bot.token;
    return post("telegram/say", body);
  }

  async refresh() {
    const place = this.place;
    const chat = this.state.chats.find((known) => known.chat_id === place.chatId);
    if (place.view === "thread" && place.bot) this.fillBotActions();
    if (!chat || (chat.revision === place.revision && place.view === "thread")) return;
    if (chat.revision < place.revision) {
      // The same chat in another world: begin anew.
      this.home();
      return;
    }
    const query = place.bot ? `&bot=${encodeURIComponent(place.bot.token)}` : "";
    const view = await get(`telegram/chats/${place.chatId}?after=${place.revision}${query}`);
    if (this.place !== place) return;
    place.revision = view.revision;
    if (place.view === "topics") this.takeTopics(view);
    else this.takeMessages(view);
  }

  takeTopics(view) {
    this.place.topics = view.topics;
    for (const message of view.messages) {
      const known = this.place.last.get(message.thread_id);
      if (!known || known.message_id <= message.message_id) this.place.last.set(message.thread_id, message);
    }
    this.fillTopics();
  }

  takeMessages(view) {
    const { forum, threadId, chatId } = this.place;
    const mine = view.messages.filter((message) => !forum || message.thread_id === (threadId ?? null));
    this.thread.upsert(mine.map((message) => [message.message_id, this.bubble(message)]));
    if (mine.length) this.seen.set(`${chatId}/${threadId}`, mine.at(-1).message_id);
    const topic = view.topics.find((known) => known.id === threadId);
    if (topic) this.fillTopic(topic);
  }

  fillTopic(topic) {
    const path = topic.closed ? "reopen_topic" : "close_topic";
    const act = () => post(`telegram/${path}`, { chat_id: this.place.chatId, thread_id: topic.id, user: this.user?.id });
    this.actions.replaceChildren(button(t(path), act, "topic-toggle"));
    const text = topic.closed ? t("closed") : topic.pinned.length ? `📌 ${this.textOf(topic.pinned.at(-1))}` : "";
    this.pinned.hidden = !text;
    this.pinned.textContent = text;
  }

  textOf(messageId) {
    return this.thread.nodes.get(messageId)?.querySelector(".text")?.textContent ?? t("photo");
  }

  fillBotActions() {
    const bot = this.state.bots.find((known) => known.token === this.place.bot.token);
    const path = bot?.blocked.includes(this.user?.id) ? "unblock" : "block";
    const act = () => post(`telegram/${path}`, { bot: bot.token, user: this.user.id });
    this.actions.replaceChildren(button(t(path), act, "block-toggle"));
  }

  bubble(message) {
    const mine = message.from.id === this.user?.id;
    const key = message.message_id;
    if (message.deleted) return bubble({ mine, key, className: "gone", meta: [], parts: [el("em", {}, t("deleted"))] });
    const parts = mine ? [] : [el("strong", { class: "sender" }, message.from.first_name)];
    if (message.photo) {
      const source = `/control/telegram/files/${encodeURIComponent(message.photo.at(-1).file_id)}`;
      parts.push(el("img", { class: "shot", src: source, alt: t("photo"), loading: "lazy" }));
    }
    if (message.contact) parts.push(el("span", { class: "text" }, `☎ ${message.contact.first_name} ${message.contact.phone_number}`));
    if (message.text) parts.push(el("span", { class: "text" }, rich(message.text, message.entities ?? message.caption_entities)));
    if (message.buttons) parts.push(this.keyboard(message));
    const meta = [message.reactions?.join(" ") ?? "", " ", message.edited ? `${t("edited")} ` : "", clock(message.date)];
    return bubble({ mine, key, meta, parts });
  }

  keyboard(message) {
    const rows = message.buttons.map((line) => el("div", { class: "keys" }, line.map((key) => this.key(message, key))));
    return el("div", { class: "keyboard" }, rows);
  }

  key(message, key) {
    if (key.url) return el("a", { class: "key", href: key.url, target: "_blank", rel: "noreferrer" }, `${key.text} ↗`);
    const press = () => {
      const body = { chat_id: this.place.chatId, message_id: message.message_id, data: key.callback_data, user: this.user?.id };
      if (this.place.bot) body.bot = this.place.bot.token;
      return post("telegram/press", body);
    };
    return button(key.text, press, "key", "key");
  }
}

function button(text, act, testid, className = "mini") {
  return el("button", { type: "button", class: className, testid, onclick: () => act().catch(() => {}) }, text);
}

function row({ testid, id, picture, title, line, time, mark, open }) {
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

function topicMark(topic) {
  const mark = el("span", { class: "topic-mark", "aria-hidden": "true" }, [...topic.name][0] ?? "#");
  mark.style.setProperty("--colour", `#${topic.icon_color.toString(16).padStart(6, "0")}`);
  return mark;
}

function preview(message) {
  if (!message) return "";
  if (message.deleted) return t("deleted");
  return message.text || (message.photo ? t("photo") : message.contact ? "☎" : "");
}
