// The shop inside of Telegram: signs in by what Telegram hands over, then shows the site's own pages.
// No cookie reaches this frame, so each request carries a bearer.
(() => {
  const { initData, apply } = window.appLaunch;
  const { start, signIn, refresh } = document.body.dataset;
  // Pages that open in here; any other opens in a browser.
  const OURS = /^\/(configs|requests|news|gifts|join)(\/|\?|#|$)/;
  const RENEW_BEFORE_MS = 60_000;

  // --- Telegram -------------------------------------------------------------------------------
  const post = (eventType, eventData = {}) => {
    if (window.TelegramWebviewProxy) {
      window.TelegramWebviewProxy.postEvent(eventType, JSON.stringify(eventData));
    } else if (window.external && "notify" in window.external) {
      window.external.notify(JSON.stringify({ eventType, eventData }));
    } else if (window.parent !== window) {
      // Nothing secret is ever said this way, so it does not matter who listens.
      window.parent.postMessage(JSON.stringify({ eventType, eventData }), "*");
    }
  };
  const openOutside = (url) => {
    post("web_app_open_link", { url });
    if (!window.TelegramWebviewProxy && window.parent === window) window.open(url, "_blank", "noopener");
  };
  const receive = (type, data) => {
    if (type === "back_button_pressed") goBack();
    if (type === "theme_changed" && data?.theme_params) apply(data.theme_params);
  };
  window.Telegram = { WebView: { receiveEvent: receive } };
  window.TelegramGameProxy = { receiveEvent: receive };
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || typeof event.data !== "string") return;
    try {
      const { eventType, eventData } = JSON.parse(event.data);
      receive(eventType, eventData);
    } catch {
      // Not one of Telegram's.
    }
  });

  // --- Signing in -----------------------------------------------------------------------------
  let tokens = null;
  let pending = null;

  const ask = async (path, body) => {
    const answer = await fetch(path, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.detail || "");
    return found;
  };
  const keep = (found) => {
    const lifeMs = found.expires_in * 1000;
    tokens = { access: found.access_token, refresh: found.refresh_token, renewAt: Date.now() + lifeMs - RENEW_BEFORE_MS };
    setTimeout(renew, Math.max(lifeMs - RENEW_BEFORE_MS, 5000));
  };
  const renewOnce = async () => {
    if (tokens) {
      try {
        keep(await ask(refresh, { refresh_token: tokens.refresh }));
        return;
      } catch {
        tokens = null;
      }
    }
    keep(await ask(signIn, { init_data: initData }));
  };
  // Whoever asks meanwhile waits for the same answer: a refresh token is good for one use.
  const renew = () => {
    pending ??= renewOnce().finally(() => { pending = null; });
    return pending;
  };

  // --- Pages ----------------------------------------------------------------------------------
  const main = () => document.getElementById("main");
  const trail = [];
  const show = (node) => {
    main().replaceChildren(node);
    window.scrollTo(0, 0);
  };
  const fail = (error) => {
    const page = document.getElementById("app-failed").content.cloneNode(true);
    if (error?.message) page.querySelector("[data-reason]").textContent = error.message;
    show(page);
  };
  const toast = (detail) => document.dispatchEvent(new CustomEvent("site:toast", { detail }));

  const load = async (path, options, mayRetry = true) => {
    if (!tokens || Date.now() > tokens.renewAt) await renew();
    const answer = await fetch(path, {
      ...options,
      credentials: "omit",
      headers: { Authorization: `Bearer ${tokens.access}`, Accept: "text/html" },
    });
    if (answer.status !== 401 || !mayRetry) return answer;
    tokens = null;
    return load(path, options, false);
  };
  const put = async (answer, anchor) => {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    if (!fresh) throw new Error("");
    main().replaceWith(document.adoptNode(fresh));
    const tabs = page.querySelector(".shop-tabs");
    if (tabs) document.querySelector(".shop-tabs").replaceWith(document.adoptNode(tabs));
    document.documentElement.lang = page.documentElement.lang;
    document.title = page.title;
    window.htmx.process(main());
    for (const told of page.querySelectorAll("#toasts .site-toast")) {
      document.getElementById("toasts").append(document.adoptNode(told));
    }
    const target = anchor && document.getElementById(anchor);
    if (target) target.scrollIntoView();
    else window.scrollTo(0, 0);
    (main().querySelector("[data-focus]") || main()).focus({ preventScroll: true });
  };
  const go = async (path, options = {}) => {
    main().setAttribute("aria-busy", "true");
    try {
      const answer = await load(path, options);
      const told = answer.headers.get("X-App-Go");
      if (told) {
        const next = JSON.parse(told);
        next.messages.forEach(toast);
        await go(next.path);
        return;
      }
      if (!options.method && trail.at(-1) !== path) trail.push(path);
      await put(answer, path.split("#")[1]);
      post("web_app_setup_back_button", { is_visible: trail.length > 1 });
    } catch (error) {
      fail(error);
    } finally {
      main().removeAttribute("aria-busy");
    }
  };
  const goBack = () => {
    if (trail.length < 2) return;
    trail.pop();
    go(trail.at(-1));
  };

  // --- Links and forms ------------------------------------------------------------------------
  const follow = (event, link) => {
    const url = new URL(link.href);
    event.preventDefault();
    if (url.origin !== window.location.origin) {
      // Telegram opens web pages only: there the app's own button is one touch away.
      openOutside(/^https?:$/.test(url.protocol) ? url.href : link.dataset.fallback || url.href);
    } else if (OURS.test(url.pathname)) {
      go(url.pathname + url.search + url.hash);
    } else {
      openOutside(url.href);
    }
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-again]")) {
      go(trail.at(-1) || start);
      return;
    }
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || link.matches("[data-leave], [download]")) return;
    if (link.getAttribute("href").startsWith("#")) return;
    follow(event, link);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.matches("[hx-post]")) return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const path = new URL(form.action || trail.at(-1), window.location.origin);
    // A form without an address belongs to the page that is shown, not to the shell.
    const target = form.hasAttribute("action") ? path.pathname : trail.at(-1).split("#")[0];
    if (form.method === "post") go(target, { method: "POST", body });
    else go(`${target}?${new URLSearchParams(body)}`);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (tokens) event.detail.headers.Authorization = `Bearer ${tokens.access}`;
  });
  document.addEventListener("site:expired", () => {
    tokens = null;
    renew().catch(fail);
  });

  document.addEventListener("DOMContentLoaded", () => {
    post("web_app_ready");
    post("web_app_expand");
    if (initData) go(start);
    else show(document.getElementById("app-outside").content.cloneNode(true));
  });
})();
