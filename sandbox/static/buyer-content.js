/** Messages of Avito as elements and as one line. */

import { el } from "./dom.js";
import { t } from "./i18n.js";
import { card, note, picture, place, quote, sound } from "./parts.js";

/** The sandbox's own address of something that Avito's answers point to. */
function here(address) {
  return new URL(address, location.href).pathname;
}

export function itemPicture(chat) {
  const address = chat.item.images?.main?.["140x105"] ?? "/avito/static/images/sample/140x105";
  return el("img", { class: "thumb", src: here(address), alt: "" });
}

const PARTS = {
  text: (content) => [el("span", { class: "text" }, content.text)],
  image: ({ image }) => [picture(here(image.sizes["640x480"] ?? Object.values(image.sizes)[0]))],
  voice: ({ voice }) => [sound(`/control/avito/voices/${voice.voice_id}`)],
  link: ({ link }) => [card({ sign: "🔗", title: link.preview?.title ?? link.text ?? link.url, lines: [link.preview?.description, link.url], url: link.url })],
  item: ({ item }) => [card({ sign: "🛋", title: item.title, lines: [item.price_string, t("open_on_avito")], url: item.item_url })],
  location: ({ location: at }) => [place({ latitude: at.lat, longitude: at.lon, title: at.title, text: at.text })],
  call: () => [note(`📞 ${t("call")}`)],
  deleted: () => [note(t("deleted"))],
};

/** What stands in a message's bubble; an empty or unknown one is named by its type. */
export function parts(message, { quoted }) {
  const { type, content } = message;
  const known = PARTS[type] && (type === "deleted" || type === "call" || Object.keys(content).length);
  const shown = known ? PARTS[type](content) : [note(content.text ?? `[${t(type)}]`)];
  return message.quote ? [quoted(message.quote), ...shown] : shown;
}

export function quoteOf(source, { name, onclick }) {
  return quote({ name, text: preview(source), onclick });
}

export function preview({ type, content }) {
  if (content.text) return content.text;
  const named = { image: "photo", voice: "voice" }[type] ?? type;
  return content.link?.url ?? content.item?.title ?? content.location?.title ?? t(named);
}
