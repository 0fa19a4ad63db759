/** The 3X-UI panels, each a card: what stands on it and what can happen to it. */

import { get, post } from "./api.js";
import { el } from "./dom.js";
import { locale, t } from "./i18n.js";
import { nothing } from "./thread.js";
import { GIGABYTE, ends, used } from "./units.js";

const LOOK_MS = 3000;
const CLIENTS_SHOWN = 60;
const RESTART_SECONDS = 3;
const DAY_SECONDS = 86_400;

export class Panels {
  constructor(root, { isInSight }) {
    this.root = root;
    this.isInSight = isInSight;
    this.cards = new Map();
    this.names = [];
    this.none = nothing("no_panels", "no_panels_hint");
    root.replaceChildren(this.none);
    setInterval(() => this.look().catch(() => {}), LOOK_MS);
  }

  update(state) {
    this.names = state.xui.panels.map((panel) => panel.name);
    return this.look();
  }

  /** Clocks run and jobs are due without anybody's call, so a look is worth it now and then. */
  async look() {
    if (!this.isInSight()) return;
    await Promise.all(this.names.map((name) => this.show(name)));
    const gone = [...this.cards.keys()].filter((name) => !this.names.includes(name));
    for (const name of gone) {
      this.cards.get(name).node.remove();
      this.cards.delete(name);
    }
    this.none.hidden = this.names.length > 0;
  }

  async show(name) {
    const view = await get(`xui/panels/${name}`);
    if (!this.cards.has(name)) {
      const card = new PanelCard(name, () => this.show(name));
      this.cards.set(name, card);
      this.root.append(card.node);
    }
    this.cards.get(name).update(view);
  }
}

class PanelCard {
  constructor(name, look) {
    this.name = name;
    this.look = look;
    this.rows = new Map();
    this.version = el("span", { class: "badge" });
    this.state = el("span", { class: "lamp", role: "status" });
    this.xray = el("span", { class: "lamp" });
    this.address = el("code", { class: "address", tabindex: "0" });
    this.clock = el("span", { class: "hush" });
    this.inbounds = el("ul", { class: "inbounds" });
    this.clients = el("tbody");
    this.rest = el("p", { class: "hush", hidden: true });
    this.node = el(
      "details",
      { class: "box panel", open: true, testid: "panel", "data-name": name },
      el("summary", {}, el("h2", {}, name), this.version, this.state, this.xray),
      el(
        "div",
        { class: "inside" },
        el("p", { class: "where" }, this.address, this.clock),
        this.buttons(),
        this.inbounds,
        el("div", { class: "clients", tabindex: "0", role: "region", "aria-label": `${t("clients")}: ${name}` }, this.table()),
        this.rest,
      ),
    );
  }

  table() {
    const names = ["client", "traffic", "expiry"].map((key) => el("th", { scope: "col" }, t(key)));
    const last = el("th", { scope: "col" }, el("span", { class: "unseen" }, t("use_traffic")));
    return el("table", {}, el("thead", {}, el("tr", {}, names, last)), this.clients);
  }

  buttons() {
    this.power = this.button("power", () => this.act("power", { on: !this.view.powered }));
    this.toggleXray = this.button("xray", () => this.act("xray", { running: !this.view.xray_running }));
    this.upgrade = this.button("upgrade", () => this.act("upgrade"));
    return el(
      "div",
      { class: "chips" },
      this.power,
      this.button("restart", () => this.act("restart", { seconds: RESTART_SECONDS })),
      this.toggleXray,
      this.button("tick", () => this.act("tick")),
      this.button("next_day", () => this.act("tick", { seconds: DAY_SECONDS })),
      this.upgrade,
      this.button("backup", () => this.act("backup")),
      this.button("restore", () => this.act("restore")),
    );
  }

  button(key, act) {
    return el("button", { type: "button", class: "mini", testid: `panel-${key}`, onclick: () => act().catch(() => {}) }, t(`panel_${key}`));
  }

  async act(path, body = {}) {
    await post(`xui/panels/${this.name}/${path}`, body);
    await this.look();
  }

  update(view) {
    this.view = view;
    this.version.textContent = `${view.generation} · ${view.version}`;
    lamp(this.state, view.reachable, view.reachable ? "panel_up" : view.powered ? "panel_restarting" : "panel_off");
    lamp(this.xray, view.powered && view.xray_running, view.xray_running ? "xray_up" : "xray_off");
    this.address.textContent = view.url;
    this.clock.textContent = t("panel_clock", { at: new Date(view.now_ms).toLocaleString(locale()) });
    this.power.textContent = t(view.powered ? "panel_power_off" : "panel_power_on");
    this.toggleXray.textContent = t(view.xray_running ? "panel_xray_off" : "panel_xray_on");
    this.upgrade.hidden = view.generation === "g3b";
    this.fillInbounds(view);
    this.fillClients(view);
  }

  fillInbounds(view) {
    const count = (id) => view.clients.filter((client) => client.inbound_id === id).length;
    const lines = view.inbounds.map((inbound) => `${inbound.remark} :${inbound.port} · ${count(inbound.id)}${inbound.enable ? "" : ` · ${t("is_off")}`}`);
    if (this.inbounds.dataset.lines === lines.join("\n")) return;
    this.inbounds.dataset.lines = lines.join("\n");
    this.inbounds.replaceChildren(...lines.map((line) => el("li", {}, line)));
  }

  /** The youngest first: who was just sold is who is looked for. */
  fillClients(view) {
    const shown = [...view.clients].sort((a, b) => (b.created_at ?? 0) - (a.created_at ?? 0)).slice(0, CLIENTS_SHOWN);
    const old = this.rows;
    this.rows = new Map();
    for (const client of shown) {
      const key = `${client.inbound_id}/${client.email}`;
      const row = old.get(key) ?? new ClientRow(client.email, (body) => this.spend(body));
      row.update(client, view);
      this.rows.set(key, row);
    }
    const nodes = [...this.rows.values()].map((row) => row.node);
    const same = nodes.length === this.clients.children.length && nodes.every((node, at) => this.clients.children[at] === node);
    if (!same) this.clients.replaceChildren(...nodes);
    this.rest.hidden = view.clients.length <= shown.length;
    this.rest.textContent = t("more", { n: view.clients.length - shown.length });
  }

  async spend(email) {
    await post(`xui/panels/${this.name}/traffic`, { email, up: 0, down: GIGABYTE });
    await this.act("tick", { seconds: 0 });
  }
}

class ClientRow {
  constructor(email, spend) {
    this.mark = el("span", { class: "lamp" });
    this.traffic = el("td");
    this.expiry = el("td");
    const label = `${t("use_traffic")}: ${email}`;
    this.button = el("button", { type: "button", class: "mini", testid: "panel-spend", "aria-label": label, title: t("use_traffic"), onclick: () => spend(email).catch(() => {}) }, t("one_gigabyte"));
    this.node = el("tr", { testid: "panel-client", "data-email": email }, el("td", { class: "who" }, el("strong", {}, email), this.mark), this.traffic, this.expiry, el("td", {}, this.button));
  }

  update(client, view) {
    const stats = client.stats ?? { up: 0, down: 0, total: 0, expiryTime: 0, enable: false };
    const isOn = Boolean(client.enable && stats.enable);
    const key = view.online.includes(client.email) ? "client_online" : "client_on";
    lamp(this.mark, isOn, isOn ? key : "client_off");
    write(this.traffic, used(stats.up + stats.down, stats.total));
    write(this.expiry, ends(stats.expiryTime, view.now_ms));
    this.button.disabled = !(isOn && view.powered && view.xray_running);
  }
}

function lamp(node, good, key) {
  write(node, t(key));
  node.className = good ? "lamp good" : "lamp bad";
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
