/** What a person at the stage can do to the world: new chats, people, faults; and the journal. */

import { get, post, remove } from "./api.js";
import { el } from "./dom.js";
import { locale, t } from "./i18n.js";

const TARGETS = [
  "telegram.*",
  "telegram.sendMessage",
  "telegram.createForumTopic",
  "telegram.webhook",
  "avito.*",
  "avito.sendMessage",
  "avito.token",
  "avito.webhook",
];
const DEEDS = ["status", "drop", "timeout_before", "timeout_after", "slow", "duplicate", "reorder"];
const JOURNAL_ROWS = 60;

export class Tools {
  constructor(root, { onNewChat, onPerson }) {
    this.onNewChat = onNewChat;
    this.onPerson = onPerson;
    this.lastSeq = 0;
    root.replaceChildren(this.chatForm(), this.peopleForm(), this.faultForm(), this.journalBox());
  }

  update(state, user) {
    this.fillAccounts(state.avito.accounts);
    this.fillPeople(state.telegram.users, user);
    this.fillFaults(state.faults);
    this.deliver.checked = state.avito.deliver;
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

  faultForm() {
    const on = el("select", { id: "fault-on", testid: "fault-on" }, TARGETS.map((name) => el("option", {}, name)));
    const deed = el("select", { id: "fault-do", testid: "fault-do" }, DEEDS.map((name) => el("option", { value: name }, t(name))));
    const status = input("fault-status", "502", { inputmode: "numeric", pattern: "[45][0-9][0-9]" });
    const seconds = input("fault-seconds", "", { inputmode: "numeric", pattern: "[0-9]+", required: false });
    const times = input("fault-times", "1", { inputmode: "numeric", pattern: "[0-9]+", required: false });
    const rate = input("fault-rate", "1", { inputmode: "decimal", pattern: "0?[.][0-9]+|0|1" });
    const submit = (event) => {
      event.preventDefault();
      const body = { on: on.value, do: deed.value, rate: Number(rate.value) };
      if (deed.value === "status") body.status = Number(status.value);
      if (times.value) body.times = Number(times.value);
      if (seconds.value) body[status.value === "429" && deed.value === "status" ? "retry_after" : "seconds"] = Number(seconds.value);
      post("faults", body).catch(() => {});
    };
    this.active = el("ul", { class: "active", testid: "faults" });
    this.deliver = el("input", { type: "checkbox", id: "deliver", testid: "deliver", onchange: () => post("avito/webhooks", { deliver: this.deliver.checked }).catch(() => {}) });
    return box(
      "faults",
      el(
        "form",
        { class: "fields", onsubmit: submit },
        field(t("fault_on"), on),
        field(t("fault_do"), deed),
        field(t("fault_status"), status),
        field(t("fault_seconds"), seconds),
        field(t("fault_times"), times),
        field(t("fault_rate"), rate),
        el("button", { testid: "fault-add", class: "primary" }, t("switch_on")),
      ),
      this.active,
      el("label", { class: "check" }, this.deliver, t("deliver")),
    );
  }

  fillFaults(faults) {
    if (!faults.length) {
      this.active.replaceChildren(el("li", { class: "fine" }, t("none_active")));
      return;
    }
    const off = el("button", { type: "button", class: "mini", testid: "fault-clear", onclick: () => remove("faults") }, t("switch_off"));
    const lines = faults.map((f) => el("li", {}, el("code", {}, f.on), ` ${t(f.do)} ${f.status ?? ""}${f.times ? ` ×${f.times}` : ""}${f.rate < 1 ? ` ${f.rate}` : ""}`));
    this.active.replaceChildren(...lines, el("li", {}, off));
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

function box(title, ...children) {
  return el("details", { class: "box", open: title !== "faults" }, el("summary", {}, el("h2", {}, t(title))), el("div", { class: "inside" }, children));
}

function field(label, control, className = "") {
  return el("label", { class: `field ${className}` }, el("span", {}, label), control);
}

function input(id, value, props = {}) {
  const node = el("input", { id, testid: id, required: true, autocomplete: "off", ...props });
  node.value = value;
  return node;
}

function fillSelect(select, pairs) {
  const known = [...select.options].map((o) => `${o.value}=${o.textContent}`).join("\n");
  if (known === pairs.map(([value, text]) => `${value}=${text}`).join("\n")) return;
  const chosen = select.value;
  select.replaceChildren(...pairs.map(([value, text]) => el("option", { value }, text)));
  if (pairs.some(([value]) => String(value) === chosen)) select.value = chosen;
}
