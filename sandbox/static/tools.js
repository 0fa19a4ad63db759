/** What a person at the stage can do to the world: new chats, people, faults; and the journal. */

import { get, post } from "./api.js";
import { el } from "./dom.js";
import { Faults } from "./faults.js";
import { box, field, fillSelect, input } from "./forms.js";
import { locale, t } from "./i18n.js";

const JOURNAL_ROWS = 60;

export class Tools {
  constructor(root, { onNewChat, onPerson, chatInSight }) {
    this.onNewChat = onNewChat;
    this.onPerson = onPerson;
    this.lastSeq = 0;
    this.faults = new Faults({ chatInSight });
    const chat = this.chatForm();
    chat.classList.add("only-talk");
    root.replaceChildren(chat, this.faults.node, this.journalBox(), this.peopleForm());
  }

  update(state, user) {
    this.fillAccounts(state.avito.accounts);
    this.fillPeople(state.telegram.users, user);
    this.faults.update(state);
  }

  chatForm() {
    this.account = el("select", { id: "new-chat-account", testid: "new-chat-account" });
    this.accountField = field(t("account"), this.account, "wide");
    this.noAccount = el("p", { class: "hush" }, t("no_account"));
    const name = input("new-chat-buyer", t("buyer_default"));
    const title = input("new-chat-title", t("item_default"));
    const price = input("new-chat-price", "5000", { inputmode: "numeric", pattern: "[0-9]+" });
    this.create = el("button", { id: "new-chat", testid: "new-chat", class: "primary" }, t("create"));
    const submit = async (event) => {
      event.preventDefault();
      const item = { title: title.value, price: Number(price.value) };
      const body = { user_id: Number(this.account.value), buyer: { name: name.value }, item };
      const { chat_id } = await post("avito/chats", body);
      this.onNewChat(chat_id);
    };
    return box(
      "new_chat",
      el(
        "form",
        { class: "fields", onsubmit: (event) => submit(event).catch(() => {}) },
        this.accountField,
        field(t("item_title"), title, "wide"),
        field(t("buyer_name"), name),
        field(t("item_price"), price),
        this.noAccount,
        this.create,
      ),
    );
  }

  fillAccounts(accounts) {
    this.accountField.hidden = accounts.length < 2;
    this.noAccount.hidden = accounts.length > 0;
    this.create.disabled = !accounts.length;
    fillSelect(this.account, accounts.map((a) => [a.user_id, `${a.name} · ${a.user_id}`]));
  }

  peopleForm() {
    this.person = el("select", { id: "seller-user", testid: "seller-user", onchange: () => this.onPerson(Number(this.person.value)) });
    const name = input("new-person", "", { placeholder: t("new_person"), "aria-label": t("new_person") });
    const submit = async (event) => {
      event.preventDefault();
      const user = await post("telegram/users", { first_name: name.value, language_code: document.documentElement.lang });
      name.value = "";
      this.onPerson(user.id);
    };
    return box(
      "people",
      field(t("person"), this.person),
      el("form", { class: "inline", onsubmit: (event) => submit(event).catch(() => {}) }, name, el("button", { testid: "add-person" }, t("add"))),
    );
  }

  fillPeople(users, user) {
    fillSelect(this.person, users.map((u) => [u.id, `${u.first_name}${u.username ? ` @${u.username}` : ""}`]));
    if (user) this.person.value = String(user.id);
  }

  journalBox() {
    this.rows = el("tbody");
    this.noCalls = el("p", { class: "hush" }, t("no_calls"));
    return box("journal", this.noCalls, el("div", { class: "journal", testid: "journal", tabindex: "0", role: "region", "aria-label": t("journal") }, el("table", {}, this.rows)));
  }

  /** Take the calls since the last look; `lastSeq` below ours means another world. */
  async refreshJournal(lastSeq) {
    if (lastSeq === this.lastSeq) return;
    if (lastSeq < this.lastSeq) this.lastSeq = 0;
    const entries = await get(`calls?after=${this.lastSeq}&limit=${JOURNAL_ROWS}`);
    for (const entry of entries) this.rows.prepend(journalRow(entry));
    while (this.rows.children.length > JOURNAL_ROWS) this.rows.lastChild.remove();
    this.lastSeq = lastSeq;
    this.noCalls.hidden = this.rows.children.length > 0;
  }
}

function journalRow(entry) {
  const kind = entry.status === 0 || entry.status >= 500 ? "bad" : entry.status >= 400 ? "odd" : "good";
  const text = entry.params.text ?? entry.params.message?.text ?? entry.params.name ?? "";
  const at = new Date(entry.at * 1000).toLocaleTimeString(locale());
  return el("tr", { class: kind }, el("td", {}, at), el("td", {}, el("code", {}, entry.on)), el("td", { class: "what" }, String(text).slice(0, 60)), el("td", { class: "code" }, String(entry.status ?? "…")));
}
