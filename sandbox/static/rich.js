/** Telegram's entities as elements. Offsets count UTF-16 units, as JavaScript does. */

import { el } from "./dom.js";

const TAGS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "code",
  text_link: "a",
  blockquote: "q",
  spoiler: "mark",
  bot_command: "b",
};

export function rich(text, entities = []) {
  const edges = new Set([0, text.length]);
  for (const { offset, length } of entities) edges.add(offset).add(offset + length);
  const cuts = [...edges].filter((at) => at <= text.length).sort((a, b) => a - b);
  return cuts.slice(0, -1).map((from, number) => {
    const to = cuts[number + 1];
    const inside = entities.filter((e) => e.offset <= from && e.offset + e.length >= to && TAGS[e.type]);
    return inside.reduce((node, entity) => wrap(node, entity), text.slice(from, to));
  });
}

function wrap(node, entity) {
  const link = entity.type === "text_link" && /^https?:/.test(entity.url);
  const props = link ? { href: entity.url, rel: "noreferrer", target: "_blank" } : {};
  return el(TAGS[entity.type], props, node);
}
