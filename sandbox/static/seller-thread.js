/** One thread of the seller's: a topic, a whole group or a private chat with a bot. */

import { get, post, toast } from "./api.js";
import { Composer } from "./composer.js";
import { ICONS, avatar, clock, el, round } from "./dom.js";
import { t } from "./i18n.js";
import { quote } from "./parts.js";
import { parts, preview } from "./seller-content.js";
import { openGroupMenu } from "./seller-topics.js";
import { openWebApp } from "./seller-webapp.js";
import { askLine, openSheet } from "./sheet.js";
import { Thread, bubble, head } from "./thread.js";

const TEXT_MAX = 4096;
const EMOJIS = ["👍", "❤", "🔥", "😁", "👎"];
const COMMANDS = [
  { name: "/note", takesText: true },
  { name: "/hold" },
  { name: "/close" },
  { name: "/open" },
  { name: "/ban", takesText: true },
  { name: "/delete" },
  { name: "/help" },
];
// Kinds that have a caption, then those that have none.
const CAPTIONED = { voice: "🎤", document: "📄", video: "🎬", audio: "🎵", animation: "🎞" };
// What a VPN app takes: a server's own link, or an address with a subscription's token.
const VPN_LINK = /(?:vless|trojan):\/\/\S+|https?:\/\/\S+\/sub\/[\w-]+/;
const BARE = { sticker: "🙂", video_note: "⭕", location: "📍", venue: "🏟", contact: "👤", poll: "📊", dice: "🎲" };

export class SellerThread {
  /** `place`: chatId, title, subtitle?, threadId? of a topic, forum (a forum's thread), bot? */
  constructor(seller, place) {
    this.seller = seller;
    this.place = place;
    this.revision = 0;
    this.known = new Map();
    this.topic = null;
    this.thread = new Thread({ testid: "seller-thread" });
    this.actions = el("span", { class: "actions" });
    this.pinned = el("button", { type: "button", class: "pinned", hidden: true, testid: "pinned" });
    this.closed = el("p", { class: "closed-note", hidden: true }, t("closed"));
    this.composer = new Composer({
      prefix: "seller",
      limit: TEXT_MAX,
      submit: (text, mode) => this.say({ text, ...(mode && { [mode.kind === "edit" ? "edits" : "reply_to"]: mode.id }) }),
      attach: () => this.attach(),
      commands: place.bot ? botCommands(place.bot) : COMMANDS.map((command) => ({ ...command, hint: t(`cmd_${command.name.slice(1)}`) })),
    });
    seller.root.replaceChildren(this.head(), this.pinned, this.thread.node, this.closed, this.composer.node);
    this.fillActions();
    this.update().then(() => this.thread.toEnd(), () => {});
    this.composer.focus();
  }

  /** A button above the composer that sends /start with what a link brought along. */
  offerStart(payload) {
    this.seller.root.querySelector(".start-bot")?.remove();
    const text = `/start ${payload ?? ""}`.trim();
    // Kept until it is pressed: whoever else takes the phone is offered the same link.
    this.offer = { username: this.place.bot.username, payload };
    const pressed = () => {
      this.offer = null;
      start.remove();
    };
    const press = () => this.say({ text }).then(pressed, () => {});
    const start = el("button", { type: "button", class: "start-bot", testid: "start-bot", onclick: press }, t("start_bot"));
    this.composer.node.before(start);
    start.focus();
  }

  get group() {
    return this.seller.groups.find((chat) => chat.chat_id === this.place.chatId);
  }

  leave() {
    if (this.place.forum) this.seller.openGroup(this.group);
    else this.seller.home();
  }

  head() {
    const { place, group } = this;
    return head({
      back: () => this.leave(),
      picture: place.threadId ? null : avatar(place.title, { className: place.chatId < 0 ? "square" : "" }),
      title: place.title,
      subtitle: place.subtitle ?? (place.forum ? group?.title : null),
      actions: [this.actions],
    });
  }

  /** Show what has changed since the last look; nothing while nothing has. */
  async update() {
    const { chatId, bot } = this.place;
    if (bot) this.fillActions();
    const chat = this.seller.state.chats.find((known) => known.chat_id === chatId);
    if (!chat || chat.revision === this.revision) return;
    if (chat.revision < this.revision) {
      // The same chat in another world: begin anew.
      this.seller.home();
      return;
    }
    const query = bot ? `&bot=${encodeURIComponent(bot.token)}` : "";
    const view = await get(`telegram/chats/${chatId}?after=${this.revision}${query}`);
    this.revision = view.revision;
    this.take(view);
  }

  take(view) {
    const { forum, threadId, chatId } = this.place;
    const here = view.messages.filter((message) => !forum || message.thread_id === (threadId ?? null));
    for (const message of here) this.known.set(message.message_id, message);
    this.thread.upsert(here.map((message) => [message.message_id, this.bubble(message)]));
    if (here.length) this.seller.markSeen(chatId, threadId, here.at(-1).message_id);
    const topic = view.topics.find((known) => known.id === threadId);
    if (topic) this.fillTopic(topic);
  }

  fillTopic(topic) {
    if (topic.deleted) {
      this.leave();
      return;
    }
    this.topic = topic;
    this.seller.root.querySelector(".titles strong").textContent = topic.name;
    this.closed.hidden = !topic.closed;
    const last = topic.pinned.at(-1);
    this.pinned.hidden = !last;
    this.pinned.textContent = last ? `📌 ${preview(this.known.get(last)) || t("photo")}` : "";
    this.pinned.onclick = () => this.thread.show(last);
  }

  // What stands in the head

  fillActions() {
    const { place, seller } = this;
    if (place.bot) this.actions.replaceChildren(...this.menuButton(), this.blockButton());
    else if (place.threadId) this.actions.replaceChildren(round({ testid: "topic-menu", label: t("topic_menu"), path: ICONS.more, onclick: () => this.topicMenu() }));
    else this.actions.replaceChildren(round({ testid: "group-menu", label: t("group_menu"), path: ICONS.more, onclick: () => openGroupMenu(seller, place.chatId) }));
  }

  /** What the bot has put beside the line to write in: a page of its own. */
  menuButton() {
    const { bot } = this.place;
    const page = this.seller.state.bots.find((known) => known.token === bot.token)?.menu_button;
    if (page?.type !== "web_app") return [];
    return [button(page.text, () => this.openPage(bot, page.web_app.url, page.text), "menu-button")];
  }

  openPage(bot, url, title) {
    return openWebApp(this.seller.root, { bot, user: this.seller.user, url, title });
  }

  blockButton() {
    const user = this.seller.user;
    const bot = this.seller.state.bots.find((known) => known.token === this.place.bot.token);
    const path = bot?.blocked.includes(user?.id) ? "unblock" : "block";
    const act = () => post(`telegram/${path}`, { bot: bot.token, user: user.id });
    return button(t(path), act, "block-toggle");
  }

  topicMenu() {
    const { topic } = this;
    if (!topic) return;
    const toggle = topic.closed ? "reopen_topic" : "close_topic";
    const rename = (name) => this.deed("rename_topic", { thread_id: topic.id, name });
    openSheet(this.seller.root, {
      title: topic.name,
      items: [
        { key: "toggle", label: t(toggle), mark: topic.closed ? "🔓" : "🔒", act: () => this.deed(toggle, { thread_id: topic.id }) },
        { key: "rename", label: t("rename_topic"), mark: "✎", act: () => askLine(this.seller.root, { title: t("topic_name"), value: topic.name, submit: rename }) },
        { key: "delete-topic", label: t("delete_topic"), mark: "✕", danger: true, act: () => this.removeTopic() },
      ],
    });
  }

  async removeTopic() {
    await this.deed("delete_topic", { thread_id: this.topic.id });
    this.leave();
  }

  // What a person does here

  deed(path, body) {
    const { chatId, bot } = this.place;
    return post(`telegram/${path}`, { chat_id: chatId, user: this.seller.user?.id, ...(bot && { bot: bot.token }), ...body });
  }

  say(content) {
    const { threadId } = this.place;
    return this.deed("say", threadId ? { thread_id: threadId, ...content } : content);
  }

  attach() {
    const send = (content, { captioned = false } = {}) => {
      const caption = captioned ? this.composer.take() : "";
      const replyTo = this.composer.takeReply();
      return this.say({ ...content, ...(caption && { caption }), ...(replyTo && { reply_to: replyTo }) });
    };
    const kinds = (marks, options) => Object.entries(marks).map(([key, mark]) => ({ key, mark, label: t(key), act: () => send({ [key]: "sample" }, options) }));
    const captioned = { captioned: true };
    openSheet(this.seller.root, {
      title: t("attach"),
      items: [
        { key: "photo", label: t("sample_photo"), mark: "🖼", act: () => send({ photo: "sample" }, captioned) },
        { key: "own-photo", label: t("own_photo"), mark: "📷", pick: true, act: (photo) => send({ photo }, captioned) },
        { key: "album", label: t("album"), mark: "🗂", act: () => send({ album: ["sample", "sample", "sample"] }, captioned) },
        ...kinds(CAPTIONED, captioned),
        ...kinds(BARE),
      ],
    });
  }

  menu(message) {
    const id = message.message_id;
    const text = preview(message);
    const react = (emoji) => this.deed("react", { message_id: id, emoji });
    const items = [{ key: "reply", label: t("reply"), mark: "↩", act: () => this.composer.begin({ kind: "reply", id, text }) }];
    if (this.isMine(message)) {
      if (message.text) items.push({ key: "edit", label: t("edit"), mark: "✎", act: () => this.composer.begin({ kind: "edit", id, text: message.text }) });
      items.push({ key: "delete", label: t("delete"), mark: "✕", danger: true, act: () => this.deed("delete", { message_id: id }) });
    }
    const [link] = VPN_LINK.exec(message.text ?? "") ?? [];
    if (link) items.push({ key: "to-vpn", label: t("to_vpn"), mark: "🛡", act: () => this.seller.onVpnLink(link) });
    if (message.reactions?.length) items.push({ key: "unreact", label: t("unreact"), mark: "○", act: () => react(null) });
    openSheet(this.seller.root, { title: text, items, emojis: EMOJIS.map((emoji) => ({ emoji, act: () => react(emoji) })) });
  }

  isMine(message) {
    return message.from.id === this.seller.user?.id;
  }

  // A message

  bubble(message) {
    const mine = this.isMine(message);
    const key = message.message_id;
    if (message.deleted) return bubble({ mine, key, className: "gone", meta: [], parts: [el("em", {}, t("deleted"))] });
    const sender = message.sender_chat?.title ?? message.from.first_name;
    const answered = this.known.get(message.reply_to);
    return bubble({
      mine,
      key,
      className: message.media ? `is-${message.media}` : "",
      parts: [
        mine ? null : el("strong", { class: "sender" }, sender),
        answered ? quote({ name: answered.from.first_name, text: preview(answered), onclick: () => this.thread.show(answered.message_id) }) : null,
        ...parts(message),
        message.buttons ? this.keyboard(message) : null,
      ],
      reactions: message.reactions,
      meta: [message.edited ? `${t("edited")} ` : "", clock(message.date)],
      menu: () => this.menu(message),
    });
  }

  keyboard(message) {
    return el("div", { class: "keyboard" }, message.buttons.map((line) => el("div", { class: "keys" }, line.map((key) => this.key(message, key)))));
  }

  key(message, key) {
    if (key.url) return el("a", { class: "key", href: key.url, target: "_blank", rel: "noreferrer" }, `${key.text} ↗`);
    if (key.copy_text) return button(key.text, () => copy(key.copy_text.text), "key", "key");
    if (key.web_app) {
      const bot = this.seller.state.bots.find((known) => known.id === message.from.id);
      return button(`${key.text} ▣`, () => this.openPage(bot, key.web_app.url, key.text), "key", "key");
    }
    return button(key.text, () => this.deed("press", { message_id: message.message_id, data: key.callback_data }), "key", "key");
  }
}

function button(text, act, testid, className = "mini") {
  return el("button", { type: "button", class: className, testid, onclick: () => act().catch(() => {}) }, text);
}

function botCommands(bot) {
  const known = new Map(bot.commands.map(({ command, description }) => [`/${command}`, description]));
  return [...known].map(([name, hint]) => ({ name, hint }));
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast(t("copied"));
}
