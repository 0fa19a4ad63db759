/** Messages of Telegram as elements and as one line. */

import { el } from "./dom.js";
import { t } from "./i18n.js";
import { card, film, note, picture, place, sound } from "./parts.js";
import { rich } from "./rich.js";

function source({ file_id: id }) {
  return `/control/telegram/files/${encodeURIComponent(id)}`;
}

const PARTS = {
  photo: (photo) => picture(source(photo.at(-1))),
  voice: (voice) => sound(source(voice), { seconds: voice.duration }),
  audio: (audio) => sound(source(audio), { seconds: audio.duration, label: audio.title ?? audio.file_name ?? t("audio") }),
  video: (video) => film(source(video)),
  animation: (video) => film(source(video), { loop: true }),
  video_note: (video) => film(source(video), { round: true }),
  sticker: (sticker) => picture(source(sticker), { alt: t("sticker"), className: "sticker" }),
  document: (file) => card({ sign: "📄", title: file.file_name ?? t("document"), lines: [size(file.file_size)], url: source(file) }),
  venue: ({ location, title, address }) => place({ ...location, title, text: address }),
  location: (location) => place(location),
  contact: (person) => card({ sign: "👤", title: person.first_name, lines: [person.phone_number] }),
  poll: ({ question, options }) => card({ sign: "📊", title: question, lines: options.map(({ text }) => `○ ${text}`) }),
  dice: ({ emoji, value }) => el("span", { class: "dice" }, `${emoji} ${value}`),
};

function size(bytes = 0) {
  return bytes < 1024 ? `${bytes} B` : `${Math.round(bytes / 1024)} kB`;
}

/** The medium of a message, if it has one, and its text. */
export function parts(message) {
  const found = [];
  if (message.media) found.push(PARTS[message.media]?.(message[message.media]) ?? note(`[${message.media}]`));
  if (message.text) found.push(el("span", { class: "text" }, rich(message.text, message.entities ?? message.caption_entities)));
  return found;
}

export function preview(message) {
  if (!message) return "";
  if (message.deleted) return t("deleted");
  return message.text || (message.media ? t(message.media) : "");
}
