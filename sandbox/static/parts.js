/** What stands in a bubble beside text: pictures, sounds, places, cards, quotes. */

import { ICONS, el, icon } from "./dom.js";
import { t } from "./i18n.js";

const BARS = 26;

export function picture(source, { alt = t("photo"), className = "shot" } = {}) {
  return el("img", { class: className, src: source, alt, loading: "lazy" });
}

export function film(source, { round = false, loop = false } = {}) {
  return el("video", { class: round ? "film round-film" : "film", src: source, controls: !loop, autoplay: loop, loop, muted: loop, preload: "metadata", "aria-label": t("video") });
}

/** A player as messengers have it: a button, a wave that fills, the time. */
export function sound(source, { seconds, label = t("voice") } = {}) {
  const audio = el("audio", { src: source, preload: "none" });
  const wave = el("span", { class: "wave", "aria-hidden": "true" }, bars(source));
  const time = el("span", { class: "length" }, seconds ? length(seconds) : "");
  const button = el("button", { type: "button", class: "play", testid: "play", "aria-label": `${t("play")}: ${label}`, onclick: toggle }, icon(ICONS.play));

  function toggle() {
    if (audio.paused) audio.play().catch(() => {});
    else audio.pause();
  }
  function show() {
    button.replaceChildren(icon(audio.paused ? ICONS.play : ICONS.pause));
    button.setAttribute("aria-label", `${t(audio.paused ? "play" : "pause")}: ${label}`);
  }
  for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, show);
  audio.addEventListener("timeupdate", () => {
    const share = audio.duration ? audio.currentTime / audio.duration : 0;
    [...wave.children].forEach((bar, at) => bar.classList.toggle("done", at < share * BARS));
    time.textContent = length(audio.ended ? audio.duration : audio.currentTime);
  });
  return el("span", { class: "sound", testid: "sound" }, audio, button, wave, time);
}

/** A wave that looks like speech and is always the same for the same source. */
function bars(source) {
  let seed = [...source].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) >>> 0, 7);
  return Array.from({ length: BARS }, () => {
    seed = (seed * 1103515245 + 12345) >>> 0;
    const bar = el("i");
    bar.style.setProperty("--tall", `${25 + (seed >>> 16) % 75}%`);
    return bar;
  });
}

function length(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function place({ latitude, longitude, title, text }) {
  const numbers = `${Number(latitude).toFixed(4)}, ${Number(longitude).toFixed(4)}`;
  return el(
    "span",
    { class: "place", testid: "place" },
    el("span", { class: "map", "aria-hidden": "true" }, el("i")),
    title ? el("strong", {}, title) : null,
    text && text !== title ? el("span", {}, text) : null,
    el("small", {}, numbers),
  );
}

/** Something with a name, a line and a sign: a link, an item, a file, a person. */
export function card({ sign, title, lines = [], url }) {
  const inside = [
    el("span", { class: "sign", "aria-hidden": "true" }, sign),
    el("span", { class: "lines" }, el("strong", {}, title), lines.filter(Boolean).map((line) => el("span", {}, line))),
  ];
  const safe = url && /^(https?:|\/)/.test(url);
  return safe ? el("a", { class: "slip", href: url, target: "_blank", rel: "noreferrer" }, inside) : el("span", { class: "slip" }, inside);
}

export function quote({ name, text, onclick }) {
  return el("button", { type: "button", class: "quote", testid: "quote", onclick }, el("strong", {}, name), el("span", {}, text));
}

export function note(text) {
  return el("em", { class: "note" }, text);
}
