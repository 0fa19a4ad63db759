/** The page's words, in the language of the page. */

import en from "./words-en.js";
import ru from "./words-ru.js";

const WORDS = { ru, en };

export function lang() {
  return document.documentElement.lang === "en" ? "en" : "ru";
}

/** Times of day run to 24 in both languages. */
export function locale() {
  return lang() === "en" ? "en-GB" : "ru-RU";
}

export function t(key, values = {}) {
  let text = WORDS[lang()][key] ?? key;
  for (const [name, value] of Object.entries(values)) text = text.replace(`{${name}}`, value);
  return text;
}

/** Put the words into what the server sent. */
export function translate(root = document) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-t-label]")) {
    node.setAttribute("aria-label", t(node.dataset.tLabel));
  }
}
