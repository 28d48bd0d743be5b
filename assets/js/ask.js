// A question from any page, by the key a or a link marked data-ask: the form comes into a dialog and knows from where.
// Once asked, the page stays and says so. What is typed is kept in this tab until it was asked, for who is signed in.
const dialog = () => document.getElementById("ask-dialog");
const place = () => document.getElementById("asking");
const area = () => place().querySelector("textarea");
const draft = () => `ask:${document.getElementById("palette").dataset.person}`;
let shownFor = ""; // the path that the form in the dialog knows

/** Without storage (a private window may have none) nothing is kept. */
function stored(act) {
  try {
    return act(window.sessionStorage);
  } catch {
    return null;
  }
}

/** The path of what is shown: a finding that is open beside its list, else the page. */
function here() {
  const beside = document.querySelector("[data-beside]:not([hidden]) [data-whole]");
  return beside ? new URL(beside.href).pathname : location.pathname;
}

/** Words of a question that was not asked yet come back, also on another page. */
function restore(form) {
  const words = stored((storage) => storage.getItem(draft()));
  const field = form?.querySelector("textarea");
  if (!words || !field || field.value) return;
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

async function load(at) {
  const address = `${dialog().dataset.source}?${new URLSearchParams({ at })}`;
  place().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" } });
    if (answer.redirected) return location.assign(address); // signed out: sign in, and ask on a page
    if (!answer.ok) throw new Error(answer.status);
    place().innerHTML = await answer.text(); // of this host, escaped by its templates
    window.htmx.process(place());
    restore(place());
    shownFor = at;
  } catch {
    const link = Object.assign(document.createElement("a"), { href: address, textContent: dialog().dataset.failed });
    place().replaceChildren(link);
    shownFor = "";
  }
  place().removeAttribute("aria-busy");
}

export async function openAsk(at = here()) {
  if (!dialog() || document.querySelector("dialog[open]")) return;
  dialog().showModal();
  if (shownFor !== at) await load(at);
  area()?.focus();
}

/** The form is sent without leaving the page; which button it was goes with it. */
async function send(form, submitter) {
  const body = new FormData(form, submitter);
  const buttons = form.querySelectorAll("button[type=submit]");
  for (const each of buttons) each.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    if (answer.redirected || (!answer.ok && answer.status !== 422)) throw new Error(answer.status);
    place().innerHTML = await answer.text(); // of this host, escaped by its templates
  } catch {
    for (const each of buttons) each.disabled = false;
    return form.submit(); // as without script: the page that comes says what is wrong
  }
  const said = place().querySelector("[data-asked] > *");
  if (said) return done(said);
  window.htmx.process(place());
  (place().querySelector("[aria-invalid=true]") ?? area())?.focus();
}

function done(said) {
  stored((storage) => storage.removeItem(draft()));
  document.getElementById("messages").append(said);
  place().replaceChildren();
  shownFor = "";
  dialog().close();
  said.scrollIntoView({ block: "nearest" });
}

export function startAsk() {
  if (!dialog()) return;
  document.addEventListener("click", (event) => {
    if (event.target === dialog()) return dialog().close(); // beside it
    const link = event.target.closest("a[data-ask]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    link.closest(":popover-open")?.hidePopover();
    link.closest("dialog[open]")?.close();
    openAsk(new URL(link.href).searchParams.get("at") ?? undefined);
  });
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-asking] textarea")) return;
    stored((storage) => storage.setItem(draft(), event.target.value));
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !event.target.matches("[data-asking]")) return;
    if (!dialog().contains(event.target)) return stored((storage) => storage.removeItem(draft()));
    event.preventDefault();
    send(event.target, event.submitter);
  });
  restore(document.querySelector("main [data-asking]"));
}
