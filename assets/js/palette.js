// The palette: Ctrl-K or Cmd-K opens it; a combobox over what the portal finds (WAI-ARIA 1.2, "combobox"
// with a listbox popup): the focus stays in the field, aria-activedescendant walks the options.
const REST = 120;
let timer = 0;
let asked = new AbortController();

const dialog = () => document.getElementById("palette");
const field = () => document.getElementById("palette-text");
const list = () => document.getElementById("palette-list");
const options = () => [...list().querySelectorAll("[role=option]")];

function choose(at) {
  const all = options();
  for (const [number, option] of all.entries()) {
    option.id = `palette-${number}`;
    option.tabIndex = -1;
    option.setAttribute("aria-selected", String(number === at));
  }
  if (all[at]) {
    field().setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  } else field().removeAttribute("aria-activedescendant");
}

const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

async function fill() {
  asked.abort();
  asked = new AbortController();
  try {
    const address = `${dialog().dataset.source}?q=${encodeURIComponent(field().value.trim())}`;
    const answer = await fetch(address, { signal: asked.signal });
    if (answer.redirected) return location.reload(); // signed out meanwhile
    if (!answer.ok) return;
    list().innerHTML = await answer.text(); // of this host, escaped by its templates
    choose(0);
  } catch (error) {
    if (error.name !== "AbortError") list().replaceChildren();
  }
}

function open() {
  if (dialog().open) return dialog().close();
  field().value = "";
  dialog().showModal();
  fill();
}

function press(event) {
  const last = options().length - 1;
  const steps = { ArrowDown: Math.min(chosen() + 1, last), ArrowUp: Math.max(chosen() - 1, 0), Home: 0, End: last };
  if (event.key in steps && (event.key.startsWith("Arrow") || event.ctrlKey)) choose(steps[event.key]);
  else if (event.key === "Enter") options()[chosen()]?.click();
  else return;
  event.preventDefault();
}

export function startPalette() {
  if (!dialog()) return;
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (event.target === dialog()) dialog().close(); // beside it
    const button = event.target.closest("[data-palette]");
    if (!button) return;
    event.preventDefault();
    const rail = button.closest(":popover-open");
    rail?.hidePopover();
    open();
  });
  field().addEventListener("keydown", press);
  field().addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(fill, REST);
  });
}
