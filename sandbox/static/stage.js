/** The stage: looks at the world twice a second and lets the phones follow. */

import { get } from "./api.js";
import { Buyer } from "./buyer.js";
import { lang, t, translate } from "./i18n.js";
import { Panels } from "./panels.js";
import { Seller } from "./seller.js";
import { Tools } from "./tools.js";
import { VpnApp } from "./vpn.js";

const PAUSE_MS = 500;
const HIDDEN_PAUSE_MS = 4000;

const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("lang");
if (asked === "ru" || asked === "en") document.documentElement.lang = asked;
translate();

const buyer = new Buyer(document.getElementById("buyer"));
const seller = new Seller(document.getElementById("seller"), { onVpnLink: openInVpn });
const vpn = new VpnApp(document.getElementById("vpn"));
const panels = new Panels(document.getElementById("panels"), { isInSight: () => document.body.dataset.scene === "vpn" && !document.hidden });
const tools = new Tools(document.getElementById("tools"), {
  onNewChat: async (chatId) => {
    await look();
    buyer.open(chatId);
    show("buyer");
  },
  onPerson: async (userId) => {
    await look();
    seller.choose(userId);
  },
  chatInSight: () => seller.chatId,
});
const live = document.getElementById("live");
let revision = 0;

async function look() {
  const state = await get(`state?after=${revision}`);
  if (state.telegram) {
    revision = state.revision;
    await Promise.all([buyer.update(state), seller.update(state), panels.update(state)]);
    tools.update(state, seller.user);
  }
  await tools.refreshJournal(state.last_seq);
}

async function follow() {
  let state = "live";
  try {
    await look();
  } catch {
    state = "offline";
    revision = 0;
  }
  live.textContent = t(state);
  live.className = `live ${state}`;
  setTimeout(follow, document.hidden ? HIDDEN_PAUSE_MS : PAUSE_MS);
}

/** Who plays: a buyer and a seller, or a person with a VPN app and the panels. */
function setScene(scene) {
  document.body.dataset.scene = scene;
  localStorage.setItem("scene", scene);
  for (const button of document.querySelectorAll("[data-stage]")) {
    button.setAttribute("aria-pressed", String(button.dataset.stage === scene));
  }
  show(scene === "vpn" ? "app" : "buyer");
  panels.look().catch(() => {});
}

function openInVpn(link) {
  setScene("vpn");
  vpn.open(link).catch(() => {});
}

function show(pane) {
  document.body.dataset.pane = pane;
  for (const tab of document.querySelectorAll("[data-show]")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.show === pane));
  }
}

for (const tab of document.querySelectorAll("[data-show]")) {
  tab.addEventListener("click", () => show(tab.dataset.show));
}
for (const button of document.querySelectorAll("[data-stage]")) {
  button.addEventListener("click", () => setScene(button.dataset.stage));
}
for (const button of document.querySelectorAll("[data-lang]")) {
  button.setAttribute("aria-pressed", String(button.dataset.lang === lang()));
  button.addEventListener("click", () => {
    localStorage.setItem("lang", button.dataset.lang);
    location.assign(`/?lang=${button.dataset.lang}`);
  });
}

/** What t.me does: the chat with a bot, and its Start button ready to be pressed. */
async function openBot() {
  const query = new URLSearchParams(location.search);
  if (!query.get("bot")) return;
  history.replaceState(null, "", "/");
  await look();
  if (seller.offerStart(query.get("bot"), query.get("start"))) show("seller");
}

setScene(localStorage.getItem("scene") === "vpn" ? "vpn" : "talk");
openBot().catch(() => {}).then(follow);
