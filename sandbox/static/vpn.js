/** A person's VPN app: it reads a subscription, shows its servers and connects. */

import { post } from "./api.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";
import { head, nothing } from "./thread.js";
import { ends, used } from "./units.js";

const KEEP_ALIVE_MS = 5000;
const HWID = "sandbox-phone";

export class VpnApp {
  constructor(root) {
    this.root = root;
    this.url = localStorage.getItem("vpn") ?? "";
    this.found = null;
    this.chosen = null;
    this.connected = false;
    this.input = el("textarea", { id: "vpn-link", testid: "vpn-link", rows: "2", required: true, "aria-label": t("vpn_link"), placeholder: t("vpn_link"), autocomplete: "off", spellcheck: "false", onkeydown: (event) => this.onKey(event) });
    this.input.value = this.url;
    this.form = el("form", { class: "vpn-form", onsubmit: (event) => this.submit(event) }, this.input, el("button", { class: "round-wide", testid: "vpn-read" }, t("vpn_read")));
    this.body = el("div", { class: "vpn-body" }, nothing("vpn_nothing", "vpn_nothing_hint"));
    this.button = el("button", { type: "button", class: "vpn-connect", testid: "vpn-connect", "aria-pressed": "false", disabled: true, onclick: () => this.toggle().catch(() => {}) }, t("vpn_connect"));
    this.status = el("p", { class: "vpn-status", role: "status", testid: "vpn-status" });
    root.replaceChildren(head({ title: t("vpn_app"), subtitle: HWID }), this.form, this.body, this.status, this.button);
    if (this.url) this.read().catch(() => {});
    setInterval(() => this.keepAlive().catch(() => {}), KEEP_ALIVE_MS);
  }

  onKey(event) {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  submit(event) {
    event.preventDefault();
    this.open(this.input.value).catch(() => {});
  }

  /** Take a subscription or a server's link, from wherever it comes. */
  async open(text) {
    this.url = text.trim();
    this.input.value = this.url;
    localStorage.setItem("vpn", this.url);
    await this.read();
  }

  async read() {
    this.found = await post("vpn/subscription", { url: this.url, hwid: HWID });
    const { servers } = this.found;
    if (!servers.some((server) => server.link === this.chosen?.link)) {
      this.chosen = servers.find((server) => server.name === this.chosen?.name) ?? servers[0] ?? null;
    }
    if (!this.chosen) this.setConnected(false);
    this.button.disabled = !this.chosen;
    this.show();
  }

  show() {
    const { servers, status, announce } = this.found;
    const refused = status === 200 ? t("vpn_no_servers") : t("vpn_status_refused", { status });
    this.body.replaceChildren(
      this.subscription(),
      announce ? el("p", { class: "vpn-announce" }, announce) : "",
      servers.length ? el("div", { class: "vpn-servers", role: "radiogroup", "aria-label": t("vpn_servers") }, servers.map((server, at) => this.server(server, at))) : el("p", { class: "hush", testid: "vpn-empty" }, refused),
    );
  }

  subscription() {
    const { title, usage } = this.found;
    const again = el("button", { type: "button", class: "mini", testid: "vpn-again", onclick: () => this.read().catch(() => {}) }, t("vpn_again"));
    const top = el("div", { class: "vpn-top" }, el("strong", {}, title || t("vpn_one_server")), again);
    if (!usage) return el("section", { class: "vpn-card" }, top);
    const spent = (usage.upload ?? 0) + (usage.download ?? 0);
    const bar = el("progress", { max: usage.total || 1, value: usage.total ? spent : 0, "aria-label": t("traffic") });
    const lines = [el("span", { testid: "vpn-usage" }, used(spent, usage.total)), el("span", { testid: "vpn-end" }, ends((usage.expire ?? 0) * 1000, Date.now()))];
    return el("section", { class: "vpn-card" }, top, bar, el("div", { class: "vpn-figures" }, lines));
  }

  server(server, at) {
    const choose = () => {
      this.chosen = server;
      if (this.connected) this.connect().catch(() => {});
    };
    const radio = el("input", { type: "radio", name: "vpn-server", id: `vpn-server-${at}`, checked: server.link === this.chosen?.link, onchange: choose });
    const kind = [server.protocol, server.network, server.security].join(" · ");
    return el("label", { class: "vpn-server", testid: "vpn-server", for: `vpn-server-${at}` }, radio, el("span", { class: "lines" }, el("strong", {}, server.name || server.host), el("span", { class: "last" }, `${server.host}:${server.port} · ${kind}`)));
  }

  async toggle() {
    if (!this.connected) return this.connect();
    this.setConnected(false);
    this.status.textContent = "";
    return undefined;
  }

  async connect(traffic = {}) {
    const { link, name } = this.chosen;
    const { connected, reason } = await post("vpn/connect", { link, ...traffic });
    this.setConnected(connected);
    this.status.textContent = connected ? t("vpn_connected", { name }) : t(`vpn_${reason}`);
  }

  /** Apps keep talking; the server may stop to let them. */
  async keepAlive() {
    if (this.connected) await this.connect({ up: 1000, down: 9000 });
  }

  setConnected(connected) {
    this.connected = connected;
    this.button.setAttribute("aria-pressed", String(connected));
    this.button.textContent = t(connected ? "vpn_disconnect" : "vpn_connect");
  }
}
