/** A sheet that slides up in a phone: what can be done with one thing. */

import { el } from "./dom.js";
import { t } from "./i18n.js";

/**
 * Offer `items` ({key, label, mark?, danger?, act}) and, in a row above them, `emojis`.
 * An item whose `act` takes a file has `pick: true`.
 */
export function openSheet(phone, { title, items, emojis = [] }) {
  const close = mount(phone, title, [
    emojis.length ? el("div", { class: "emojis" }, emojis.map(emojiButton)) : null,
    el("ul", {}, items.map((item) => el("li", {}, itemButton(item)))),
  ]);

  function emojiButton({ emoji, label, act }) {
    return el("button", { type: "button", "aria-label": label ?? emoji, testid: `emoji-${emoji}`, onclick: () => run(act) }, emoji);
  }

  function itemButton({ key, label, mark, danger, pick, act }) {
    const chosen = pick ? () => pickFile((file) => run(() => act(file))) : () => run(act);
    const props = { type: "button", class: danger ? "danger" : "", testid: `sheet-${key}`, onclick: chosen };
    return el("button", props, el("span", { class: "mark", "aria-hidden": "true" }, mark ?? "·"), label);
  }

  function run(act) {
    close();
    Promise.resolve(act()).catch(() => {});
  }
}

/** Ask for one line of text; `submit(text)` gets it. */
export function askLine(phone, { title, value, submit }) {
  const input = el("input", { testid: "sheet-input", required: true, maxlength: "128", "aria-label": title });
  input.value = value;
  const send = (event) => {
    event.preventDefault();
    close();
    submit(input.value.trim()).catch(() => {});
  };
  const form = el("form", { class: "inline", onsubmit: send }, input, el("button", { class: "round-wide", testid: "sheet-save" }, t("save")));
  const close = mount(phone, title, [form]);
  input.select();
}

/** Put a sheet into the phone; the answer closes it and gives the focus back. */
function mount(phone, title, children) {
  phone.querySelector(".sheet-back")?.remove();
  const before = document.activeElement;
  const sheet = el("div", { class: "sheet", role: "dialog", "aria-modal": "true", "aria-label": title, testid: "sheet" }, el("strong", { class: "sheet-title" }, title), children);
  const back = el("div", { class: "sheet-back", onclick: (event) => event.target === back && close(), onkeydown: onKey }, sheet);
  phone.append(back);
  sheet.querySelector("input, button")?.focus({ preventScroll: true });

  function close() {
    back.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
  }

  function onKey(event) {
    if (event.key === "Escape") close();
    if (event.key === "Tab") keepInside(event, sheet);
  }
  return close;
}

function keepInside(event, sheet) {
  const stops = [...sheet.querySelectorAll("input, button")];
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement !== edge) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0]).focus();
}

/** Let the person choose a picture; `then` gets it as control calls take media. */
function pickFile(then) {
  const input = el("input", { type: "file", accept: "image/*" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file) then(await asMedium(file));
  });
  input.click();
}

async function asMedium(file) {
  const reader = new FileReader();
  const read = new Promise((resolve, reject) => {
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(reader.error));
  });
  reader.readAsDataURL(file);
  return { name: file.name, content_type: file.type, base64: (await read).split(",")[1] };
}
