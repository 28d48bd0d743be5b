// Light, dark, or whatever the system says. The choice is a cookie, so that the server can write it into
// <html data-theme> and no page flashes in the wrong theme.
import { keep } from "./cookie.js";

const YEAR = 60 * 60 * 24 * 365;

function remember(theme) {
  keep("theme", theme, theme ? YEAR : 0);
}

function show(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  }
}

export function startTheme() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    remember(button.dataset.themeChoice);
    show(button.dataset.themeChoice);
  });
}
