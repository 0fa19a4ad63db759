/** The seller's list of groups and bots. */

import { avatar, el, fill } from "./dom.js";
import { t } from "./i18n.js";
import { head, nothing, row } from "./thread.js";

const SHOWN = 60;

export class SellerChats {
  constructor(seller) {
    this.seller = seller;
    this.list = el("ul", { class: "rows" });
    seller.root.replaceChildren(head({ title: t("chats"), subtitle: seller.user?.first_name }), this.list);
    this.update();
  }

  update() {
    const { bots } = this.seller.state;
    const groups = this.seller.groups.slice(0, SHOWN).map((chat) => ({ key: chat.chat_id, sign: chat.title, make: () => this.groupRow(chat) }));
    const talks = bots.slice(0, SHOWN).map((bot) => ({ key: bot.token, sign: bot.first_name, make: () => this.botRow(bot) }));
    const none = { key: "none", make: () => el("li", {}, nothing("no_groups", "no_groups_hint")) };
    fill(this.list, groups.length || talks.length ? [...groups, ...talks] : [none]);
  }

  groupRow(chat) {
    return row({
      testid: "group",
      id: chat.chat_id,
      picture: avatar(chat.title, { className: "square" }),
      title: chat.title,
      line: chat.is_forum ? `# ${t("topics")}` : "",
      open: () => this.seller.openGroup(chat),
    });
  }

  botRow(bot) {
    return row({
      testid: "private-chat",
      id: bot.username,
      picture: avatar(bot.first_name),
      title: bot.first_name,
      line: `@${bot.username} · ${t("private_chat")}`,
      open: () => this.seller.openBot(bot),
    });
  }
}
