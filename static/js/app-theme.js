// Telegram's colours, before the first paint. What Telegram says at the start stands in the fragment.
(() => {
  const KEY = "app-launch";
  // Kept for a reload, where the browser lets a frame of another site keep anything.
  const keep = (text) => {
    try {
      window.sessionStorage.setItem(KEY, text);
    } catch {
      // The fragment is still there.
    }
  };
  const recall = () => {
    try {
      return window.sessionStorage.getItem(KEY) || "";
    } catch {
      return "";
    }
  };
  const isTold = window.location.hash.includes("tgWebApp");
  if (isTold) keep(window.location.hash.slice(1));
  const launch = new URLSearchParams(isTold ? window.location.hash.slice(1) : recall());
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  const brightness = (colour) => {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    return 0.299 * red + 0.587 * green + 0.114 * blue;
  };
  const isColour = (value) => /^#[0-9a-f]{6}$/i.test(value);

  const apply = (theme) => {
    for (const [name, value] of Object.entries(theme)) {
      if (isColour(value)) root.style.setProperty(`--tg-theme-${name.replaceAll("_", "-")}`, value);
    }
    const isDark = isColour(theme.bg_color || "") ? brightness(theme.bg_color) < 128 : dark.matches;
    root.setAttribute("data-bs-theme", isDark ? "dark" : "light");
  };

  const read = () => {
    try {
      return JSON.parse(launch.get("tgWebAppThemeParams") || "{}");
    } catch {
      return {};
    }
  };
  apply(read());
  window.appLaunch = { initData: launch.get("tgWebAppData") || "", apply };
})();
