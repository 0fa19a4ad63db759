/** Bytes and days as people read them. */

import { locale, t } from "./i18n.js";

export const GIGABYTE = 2 ** 30;
const DAY_MS = 86_400_000;

export function bytes(count) {
  const units = t("byte_units").split(" ");
  let power = 0;
  let shown = count;
  while (shown >= 1024 && power < units.length - 1) {
    shown /= 1024;
    power += 1;
  }
  const text = shown.toLocaleString(locale(), { maximumFractionDigits: power && shown < 100 ? 1 : 0 });
  return `${text} ${units[power]}`;
}

export function used(count, limit) {
  return limit ? t("used_of", { used: bytes(count), limit: bytes(limit) }) : bytes(count);
}

/** When something ends by the clock that says `now` (ms); negative: a time from the first byte. */
export function ends(at, now) {
  if (!at) return t("no_end");
  if (at < 0) return t("days_from_first_byte", { n: Math.round(-at / DAY_MS) });
  const day = new Date(at).toLocaleDateString(locale(), { day: "numeric", month: "short", year: "numeric" });
  if (at <= now) return t("ended", { day });
  return t("ends", { day, n: Math.ceil((at - now) / DAY_MS) });
}
