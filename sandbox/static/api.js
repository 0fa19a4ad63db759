/** Control calls. A refusal becomes a toast and an Error. */

import { el } from "./dom.js";

export async function get(path) {
  return read(await fetch(`/control/${path}`, { cache: "no-store" }));
}

export async function post(path, body = {}) {
  try {
    return await read(
      await fetch(`/control/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
  } catch (error) {
    toast(error.message);
    throw error;
  }
}

export async function remove(path) {
  return read(await fetch(`/control/${path}`, { method: "DELETE" }));
}

async function read(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.error ?? response.statusText);
  return body;
}

export function toast(text) {
  const node = el("p", { class: "toast" }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 5000);
}
