import { areaOf } from "./fields.js";

// A field for Markdown shows how its text will look to its readers: the server renders it as it will for them.
const shownBy = (button) => document.getElementById(button.getAttribute("aria-controls"));

async function rendered(button) {
  const area = areaOf(button);
  const body = new FormData();
  body.set("csrfmiddlewaretoken", area.form.elements.csrfmiddlewaretoken.value);
  body.set("text", area.value);
  const answer = await fetch(button.dataset.preview, { method: "POST", body });
  if (!answer.ok || answer.redirected) throw new Error(answer.status);
  return answer.text();
}

function write(button) {
  button.setAttribute("aria-pressed", "false");
  shownBy(button).hidden = true;
  areaOf(button).hidden = false;
}

async function look(button) {
  const area = areaOf(button);
  const shown = shownBy(button);
  shown.style.minBlockSize = `${area.offsetHeight}px`; // what stands below stays where it is
  try {
    shown.innerHTML = await rendered(button); // cleaned by the server, as on every page
  } catch {
    shown.textContent = button.dataset.failed;
  }
  button.setAttribute("aria-pressed", "true");
  area.hidden = true;
  shown.hidden = false;
}

export function startPreview() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-preview]");
    if (!button) return;
    if (button.getAttribute("aria-pressed") === "false") look(button);
    else {
      write(button);
      areaOf(button).focus();
    }
  });
  // What a form complains of, or waits for, is in the field: it has to be seen.
  document.addEventListener("invalid", (event) => {
    const button = event.target.closest(".field")?.querySelector("[data-preview][aria-pressed=true]");
    if (button) write(button);
  }, true);
}
