/** What can go wrong outside: the usual faults by one touch, and any other by a form. */

import { post, remove, toast } from "./api.js";
import { el } from "./dom.js";
import { box, field, fillSelect, input } from "./forms.js";
import { t } from "./i18n.js";

const TARGETS = [
  "telegram.*",
  "telegram.sendMessage",
  "telegram.sendPhoto",
  "telegram.createForumTopic",
  "telegram.webhook",
  "avito.*",
  "avito.sendMessage",
  "avito.sendImage",
  "avito.uploadImages",
  "avito.token",
  "avito.webhook",
  "xui.*",
  "xui.login",
  "xui.addClient",
  "xui.updateClient",
  "xui.deleteClient",
  "xui.subscription",
];
const DEEDS = ["status", "drop", "timeout_before", "timeout_after", "slow", "duplicate", "reorder"];
const HANG_SECONDS = 12;
const WAIT_SECONDS = 15;

// Each usual fault as the control call takes it. "send*" are the calls that a person notices.
function usual(area) {
  const send = `${area}.send*`;
  return {
    f_502: { on: send, do: "status", status: 502, times: 3 },
    f_before: { on: send, do: "timeout_before", seconds: HANG_SECONDS, times: 1 },
    f_after: { on: send, do: "timeout_after", seconds: HANG_SECONDS, times: 1 },
    f_slow: { on: `${area}.*`, do: "slow", seconds: 3, times: 10 },
    f_down: { on: `${area}.*`, do: "status", status: 503 },
    f_twice: { on: `${area}.webhook`, do: "duplicate", times: 5 },
    f_reorder: { on: `${area}.webhook`, do: "reorder", seconds: 2, times: 3 },
  };
}

export class Faults {
  /** `chatInSight()` is the id of the seller's open chat, or null. */
  constructor({ chatInSight }) {
    this.chatInSight = chatInSight;
    this.accounts = [];
    this.active = el("ul", { class: "active", testid: "faults" });
    this.deliver = this.check("deliver", "deliver");
    this.deletions = this.check("deletions", "deletions");
    this.refuse = el("select", { id: "refuse", testid: "refuse", onchange: () => this.setRefusal().catch(() => {}) });
    fillSelect(this.refuse, [["", t("refuse_none")], ["402", t("refuse_402")], ["403", t("refuse_403")]]);
    this.refuseField = field(t("account_state"), this.refuse, "wide");
    this.node = box(
      "faults",
      this.active,
      this.row("telegram", [this.chip("f_429_chat", () => this.limitChat()), ...this.chips("telegram")]),
      this.row("avito", [
        this.chip("f_429", () => post("faults", { on: "avito.*", do: "status", status: 429, retry_after: WAIT_SECONDS, times: 1 })),
        ...this.chips("avito"),
        this.chip("f_token", () => post("faults", { on: "avito.*", do: "error", error: "token_expired", times: 1 })),
        this.chip("f_voices", () => this.tell(post("avito/expire_voices"))),
        this.chip("f_voices_gone", () => this.tell(post("avito/expire_voices", { gone: true }))),
      ]),
      this.refuseField,
      el("label", { class: "check" }, this.deliver, t("deliver")),
      el("label", { class: "check" }, this.deletions, t("deletions")),
      el("details", { class: "own" }, el("summary", { testid: "own-fault" }, t("own_fault")), this.form()),
    );
  }

  update({ faults, avito }) {
    this.deliver.checked = avito.deliver;
    this.deletions.checked = avito.deletions;
    this.accounts = avito.accounts;
    this.refuseField.hidden = !avito.accounts.length;
    if (document.activeElement !== this.refuse) this.refuse.value = String(avito.accounts[0]?.refuse ?? "");
    this.fill(faults);
  }

  check(name, id) {
    const node = el("input", { type: "checkbox", id, testid: id, onchange: () => post("avito/webhooks", { [name]: node.checked }).catch(() => {}) });
    return node;
  }

  row(area, chips) {
    return el("div", { class: "chips", role: "group", "aria-label": t(area) }, el("strong", {}, t(area)), chips);
  }

  chips(area) {
    return Object.entries(usual(area)).map(([name, fault]) => this.chip(name, () => post("faults", fault), `${area}-${name}`));
  }

  chip(name, act, testid = name) {
    return el("button", { type: "button", class: "mini", testid, onclick: () => Promise.resolve(act()).catch(() => {}) }, t(name));
  }

  limitChat() {
    const chat = this.chatInSight();
    if (chat === null) return toast(t("pick_chat_first"));
    return post("faults", { on: "telegram.*", do: "status", status: 429, retry_after: WAIT_SECONDS, times: 1, where: { chat_id: chat } });
  }

  async tell(deed) {
    await deed;
    toast(t("done"));
  }

  async setRefusal() {
    const refuse = Number(this.refuse.value) || null;
    for (const { client_id, client_secret } of this.accounts) await post("avito/accounts", { client_id, client_secret, refuse });
  }

  form() {
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
    return el(
      "form",
      { class: "fields", onsubmit: submit },
      field(t("fault_on"), on),
      field(t("fault_do"), deed),
      field(t("fault_status"), status),
      field(t("fault_seconds"), seconds),
      field(t("fault_times"), times),
      field(t("fault_rate"), rate),
      el("button", { testid: "fault-add", class: "primary" }, t("switch_on")),
    );
  }

  fill(faults) {
    if (!faults.length) {
      this.active.replaceChildren(el("li", { class: "fine" }, t("none_active")));
      return;
    }
    const off = el("button", { type: "button", class: "mini", testid: "fault-clear", onclick: () => remove("faults").catch(() => {}) }, t("switch_off"));
    this.active.replaceChildren(...faults.map(line), el("li", {}, off));
  }
}

function line(fault) {
  const what = fault.error === "token_expired" ? t("token_expired") : t(fault.do);
  const more = [fault.status, fault.where && JSON.stringify(fault.where), fault.times && `×${fault.times}`, fault.rate < 1 && fault.rate];
  return el("li", {}, el("code", {}, fault.on), ` ${what} ${more.filter(Boolean).join(" ")}`);
}
