/** The seller's phone: Telegram groups with topics, and private chats with bots. */

import { SellerChats } from "./seller-chats.js";
import { SellerThread } from "./seller-thread.js";
import { SellerTopics } from "./seller-topics.js";

export class Seller {
  /** `onVpnLink(link)`: the person takes a link from a message into the VPN app. */
  constructor(root, { onVpnLink }) {
    this.root = root;
    this.onVpnLink = onVpnLink;
    this.state = { bots: [], chats: [], users: [] };
    this.userId = Number(localStorage.getItem("seller")) || null;
    this.seen = new Map();
    this.home();
  }

  get user() {
    return this.state.users.find((user) => user.id === this.userId) ?? this.state.users[0] ?? null;
  }

  get groups() {
    return this.state.chats.filter((chat) => chat.type !== "private" && !chat.migrated_to);
  }

  /** The chat in sight, if one is. */
  get chatId() {
    return this.view.place?.chatId ?? this.view.chatId ?? null;
  }

  choose(userId) {
    this.userId = userId;
    localStorage.setItem("seller", String(userId));
    const offer = this.view.offer;
    this.home();
    if (offer) this.offerStart(offer.username, offer.payload);
  }

  update(state) {
    const hadUser = this.user !== null;
    this.state = state.telegram;
    const moved = this.state.chats.find((chat) => chat.chat_id === this.chatId)?.migrated_to;
    const group = this.groups.find((chat) => chat.chat_id === (moved ?? this.chatId));
    if (moved && group) this.openGroup(group);
    else if (this.chatId < 0 && !group) this.home();
    else if (this.chatId === null && !hadUser) this.home();
    else return this.view.update();
    return undefined;
  }

  home() {
    this.view = new SellerChats(this);
  }

  openGroup(chat) {
    if (!chat) this.home();
    else if (chat.is_forum) this.view = new SellerTopics(this, chat);
    else this.openThread({ chatId: chat.chat_id, title: chat.title });
  }

  openBot(bot) {
    if (!this.user) return;
    this.openThread({ chatId: this.user.id, bot, title: bot.first_name, subtitle: `@${bot.username}` });
    if (!bot.started.includes(this.user.id)) this.view.offerStart();
  }

  /** Open the chat with a bot and offer to start it; false where there is no such bot. */
  offerStart(username, payload) {
    const bot = this.state.bots.find((known) => known.username.toLowerCase() === username.toLowerCase());
    if (!bot || !this.user) return false;
    this.openBot(bot);
    this.view.offerStart(payload);
    return true;
  }

  openThread(place) {
    this.view = new SellerThread(this, place);
  }

  // What has been read on this phone

  lastSeen(chatId, threadId) {
    return this.seen.get(`${chatId}/${threadId}`) ?? 0;
  }

  markSeen(chatId, threadId, messageId) {
    this.seen.set(`${chatId}/${threadId}`, messageId);
  }
}
