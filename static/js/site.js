// What every page does in the browser. Pages work without it; it makes them live.
(() => {
  const TICK_MS = 3000;
  const TOAST_MS = 6000;

  // --- Toasts ------------------------------------------------------------------------------
  const toasts = () => document.getElementById("toasts");

  const scheduleDismissal = (toast) => {
    if (!toast.classList.contains("site-toast-error")) {
      setTimeout(() => toast.remove(), TOAST_MS);
    }
  };

  const ICONS = { success: "circle-check", error: "alert-circle", warning: "alert-triangle" };
  const showToast = (text, level) => {
    const shown = [...toasts().querySelectorAll(".site-toast-text")];
    if (shown.some((node) => node.textContent === text)) return;
    const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
    toast.className = `site-toast site-toast-${level}`;
    toast.querySelector(".site-toast-text").textContent = text;
    const picture = toast.querySelector("use");
    const [sprite] = picture.getAttribute("href").split("#");
    picture.setAttribute("href", `${sprite}#${ICONS[level] || "info-circle"}`);
    toasts().append(toast);
    scheduleDismissal(toast);
  };
  const showError = (text) => showToast(text, "error");
  document.addEventListener("site:toast", (event) => showToast(event.detail.text, event.detail.level));

  // --- The bell: what is live refreshes while somebody looks --------------------------------
  let failures = 0;
  let skipped = 0;
  let ticks = 0;
  const tick = () => {
    // After failures the pace slows down to one try in eight.
    if (document.hidden || skipped++ < Math.min(failures * 2, 7)) return;
    skipped = 0;
    document.body.dispatchEvent(new CustomEvent("tick"));
    // What changes seldom is asked for ten times less often.
    ticks += 1;
    if (ticks % 10 === 0) document.body.dispatchEvent(new CustomEvent("slowtick"));
  };
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", () => {
    failures = 0;
    tick();
  });

  // --- Inbox -------------------------------------------------------------------------------
  const plainTitle = document.title;
  let lastMessage = null;

  // What waits for the reader: dialogs where the page lists them, and notices everywhere.
  const showUnread = () => {
    const totals = [...document.querySelectorAll("[data-unread-total]")];
    const unread = totals.reduce((sum, node) => sum + Number(node.dataset.unreadTotal), 0);
    document.title = unread > 0 ? `(${unread}) ${plainTitle}` : plainTitle;
  };

  const scroller = () => document.querySelector(".thread-scroll");
  const isAtEnd = (node) => node.scrollHeight - node.scrollTop - node.clientHeight < 80;
  const scrollToEnd = (node) => { node.scrollTop = node.scrollHeight; };

  const announce = () => {
    const live = document.querySelector("[data-last-message]");
    if (!live) return;
    const { lastMessage: id, announcement } = live.dataset;
    if (lastMessage !== null && id !== lastMessage && announcement) {
      document.getElementById("announcer").textContent = announcement;
    }
    lastMessage = id;
  };

  // Where the reader is to be after a swap: at the end, or as far from it as before.
  let fromEnd = 0;
  let isHistory = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const node = scroller();
    if (!node?.contains(event.detail.target)) return;
    const isOwn = event.detail.requestConfig.verb === "post";
    isHistory = event.detail.target.matches("[data-earlier]");
    fromEnd = isOwn || (isAtEnd(node) && !isHistory) ? 0 : node.scrollHeight - node.scrollTop;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    showUnread();
    announce();
    const node = scroller();
    if (!node?.contains(event.detail.elt)) return;
    if (fromEnd === 0) scrollToEnd(node);
    else if (isHistory) node.scrollTop = node.scrollHeight - fromEnd;
  });

  // --- Answers of the server ------------------------------------------------------------------
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    failures = 0;
    if (event.detail.elt.matches("form[data-reset]")) event.detail.elt.reset();
  });
  document.addEventListener("htmx:responseError", (event) => {
    failures += 1;
    const { status, responseText } = event.detail.xhr;
    if (status === 401) {
      // Inside of Telegram the shell signs in anew; see app.js.
      if (document.body.matches(".page-app")) document.dispatchEvent(new CustomEvent("site:expired"));
      else window.location.reload();
      return;
    }
    const page = new DOMParser().parseFromString(responseText, "text/html");
    const told = page.querySelector(".error-fields li") || page.querySelector("[data-error-text]");
    showError(told?.textContent.trim() || toasts().dataset.failed);
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, () => {
      failures += 1;
      showError(toasts().dataset.offline);
    });
  }

  // --- Small behaviours ------------------------------------------------------------------------
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (menu !== except) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest("details[data-menu]"));
    if (event.target.closest("[data-dismiss]")) event.target.closest(".site-toast").remove();
    if (event.target.closest("[data-back]")) window.history.back();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details[data-menu][open]");
    closeMenus(null);
    open?.querySelector("summary").focus();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("[data-enter-sends]");
    const sends = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (!typing || !sends || !window.matchMedia("(pointer: fine)").matches) return;
    event.preventDefault();
    const hasFile = [...typing.form.querySelectorAll("input[type=file]")].some((field) => field.value);
    if (typing.value.trim() || hasFile) typing.form.requestSubmit();
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".site-toast").forEach(scheduleDismissal);
    document.querySelector("[data-focus]")?.focus();
    // A row of sections wider than the screen begins where the reader is.
    for (const link of document.querySelectorAll(".account-nav [aria-current], .cabinet-nav [aria-current]")) {
      const row = link.parentElement;
      row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
    }
    const node = scroller();
    if (node) scrollToEnd(node);
    showUnread();
    announce();
  });

  // --- Alpine -----------------------------------------------------------------------------------
  document.addEventListener("alpine:init", () => {
    const { Alpine } = window;

    Alpine.data("copy", () => ({
      done: false,
      async copy() {
        await navigator.clipboard.writeText(this.$root.dataset.text);
        this.done = true;
        setTimeout(() => { this.done = false; }, 2000);
      },
    }));

    // A button that wakes up when the name of what is to be deleted has been typed.
    Alpine.data("typed", () => ({
      text: "",
      get isWrong() {
        return this.text.trim() !== this.$root.dataset.expected;
      },
    }));

    // Steps by system; the reader's own comes first.
    Alpine.data("tabs", () => ({
      init() {
        const agent = navigator.userAgent;
        const known = [
          ["android", /Android/],
          ["ios", /iPhone|iPad|iPod/],
          ["windows", /Windows/],
          ["macos", /Mac OS/],
          ["linux", /Linux/],
        ];
        const [code] = known.find(([, pattern]) => pattern.test(agent)) || [];
        const tab = this.$root.querySelector(`[data-tab="${code}"]`);
        if (tab) this.show(tab);
      },
      show(tab) {
        for (const each of this.$root.querySelectorAll("[role=tab]")) {
          const isShown = each === tab;
          each.setAttribute("aria-selected", String(isShown));
          each.tabIndex = isShown ? 0 : -1;
          this.$root.querySelector(`[data-panel="${each.dataset.tab}"]`).hidden = !isShown;
        }
      },
      choose(event) {
        this.show(event.target.closest("[role=tab]"));
      },
      move(event) {
        const tabs = [...this.$root.querySelectorAll("[role=tab]")];
        const at = tabs.indexOf(event.target.closest("[role=tab]"));
        const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (at < 0 || next === undefined) return;
        event.preventDefault();
        const tab = tabs[(next + tabs.length) % tabs.length];
        this.show(tab);
        tab.focus();
      },
    }));

    Alpine.data("counter", () => ({
      text: "",
      get left() {
        return Number(this.$root.dataset.max) - [...this.text].length;
      },
      get isNear() {
        return this.left < 100;
      },
    }));
  });
})();
