/** A page of the site opened by a bot's button, inside the phone and signed as Telegram signs it. */

import { post } from "./api.js";
import { ICONS, el, round } from "./dom.js";
import { t } from "./i18n.js";

const VERSION = "8.0";

export async function openWebApp(phone, { bot, user, url, title }) {
  const { init_data: data } = await post("telegram/init_data", { bot: bot.token, user: user.id });
  const asked = { tgWebAppData: data, tgWebAppVersion: VERSION, tgWebAppPlatform: "web", tgWebAppThemeParams: "{}" };
  const address = new URL(url);
  address.hash = new URLSearchParams(asked).toString();
  const before = document.activeElement;
  const frame = el("iframe", { src: address.href, title, testid: "web-app-frame" });
  const shut = round({ testid: "web-app-close", label: t("close_page"), path: ICONS.cross, onclick: close });
  const node = el("div", { class: "web-app", role: "dialog", "aria-label": title, testid: "web-app", onkeydown: (event) => event.key === "Escape" && close() }, el("header", { class: "head" }, el("div", { class: "titles" }, el("strong", {}, title), el("span", {}, address.host)), shut), frame);
  phone.querySelector(".web-app")?.remove();
  phone.append(node);
  shut.focus();
  addEventListener("message", hear);

  function close() {
    removeEventListener("message", hear);
    node.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
  }

  /** What pages tell the app around them, of which closing matters here. */
  function hear(event) {
    if (event.source !== frame.contentWindow) return;
    if (String(event.data).includes('"web_app_close"')) close();
  }
}
