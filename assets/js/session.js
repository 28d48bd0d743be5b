// Nothing that was typed is lost because the session has ended meanwhile, or the portal is away: before a form with
// text leaves, it is asked who is signed in. If it is nobody, or somebody else, the page stays as it is and says so.
const dialog = () => document.getElementById("session-ended");
const passed = new WeakSet(); // forms that may leave now
const asking = new WeakSet(); // forms about which the portal is being asked: a second click sends nothing twice
let held = null; // the form that waits, and its button
let isTold = false; // a part that asks every few seconds says it once

const isTyped = (form) => [...form.elements].some((each) => each.matches("textarea, input[type=text]") && each.value.trim() && each.value !== each.defaultValue);
const wouldLose = (form) => form.method === "post" && isTyped(form);

/** "here", "nobody", "another" or "away". */
async function state() {
  try {
    const answer = await fetch(dialog().dataset.source, { headers: { Accept: "application/json" } });
    if (answer.status === 401) return "nobody";
    if (!answer.ok) return "away";
    const { person, csrf } = await answer.json();
    if (String(person) !== document.getElementById("palette").dataset.person) return "another";
    renew(csrf);
    return "here";
  } catch {
    return "away";
  }
}

/** Signing in elsewhere has changed the token that this page was made with. */
function renew(token) {
  for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = token;
  document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRFToken": token }));
}

function say(how) {
  for (const each of dialog().querySelectorAll("[data-when]")) each.hidden = each.dataset.when !== how;
  dialog().querySelector("[data-sign-in]").hidden = how !== "nobody";
  dialog().querySelector("[data-again]").hidden = !held;
  if (!dialog().open) dialog().showModal();
}

async function send(form, submitter) {
  if (asking.has(form)) return;
  asking.add(form);
  const how = await state();
  asking.delete(form);
  if (how !== "here") {
    held = { form, submitter };
    return say(how);
  }
  held = null;
  if (dialog().open) dialog().close();
  passed.add(form);
  form.requestSubmit(submitter);
}

export function startSession() {
  if (!dialog()) return;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (passed.delete(form) || !wouldLose(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    send(form, event.submitter);
  }, true);
  // A part of the page that could not be brought up to date, as the state of a report that is read. Who is typing keeps
  // the keyboard: the form says it when it leaves, and the Enter meant for it does not fall on a dialog of the moment.
  document.addEventListener("htmx:response:error", (event) => {
    if (event.detail.ctx?.response?.status !== 401 || isTold || [...document.forms].some(wouldLose)) return;
    isTold = true;
    say("nobody");
  });
  dialog().addEventListener("click", (event) => {
    if (event.target.closest("[data-again]")) send(held.form, held.submitter);
    if (event.target.closest("[data-stay]")) dialog().close();
  });
}
