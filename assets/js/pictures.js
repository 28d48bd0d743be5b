import { areaOf, systemOf } from "./fields.js";

// Fields for Markdown take pictures: pasted, dropped, or chosen with a button. What stands below the field
// follows its text: one row for each picture that the text names, with its words; the server alone says
// what is a picture. Without script a link leads to a page that does the same.
const OWN = /!\[((?:\\.|[^\]\\])*)\]\((\/attachments\/[0-9a-f-]{36}#\d+x\d+)\)/g;
let coming = 0; // numbers the marks of pictures on their way

const row = (name) => document.getElementById(`picture-${name}`).content.firstElementChild.cloneNode(true);
const listOf = (field) => field.querySelector(".pictures");
const written = (words) => words.replace(/\s+/g, " ").replace(/[\\[\]]/g, "\\$&");
const read = (words) => words.replace(/\\([\\[\]])/g, "$1");

/** Put one text in another's place; true if it was there. The cursor stays where it is. */
function swap(area, from, to) {
  const at = area.value.indexOf(from);
  if (at < 0) return false;
  const { selectionStart: start, selectionEnd: end } = area;
  // "preserve" would select the new text where the cursor stands at the end of the old one.
  const moved = (place) => (place <= at ? place : Math.max(place - from.length, at) + to.length);
  area.setRangeText(to, at, at + from.length);
  area.setSelectionRange(moved(start), moved(end));
  area.dispatchEvent(new Event("input", { bubbles: true }));
  return true;
}

function insert(area, text) {
  const before = area.value.slice(0, area.selectionStart);
  const gap = before === "" || before.endsWith("\n") ? "" : "\n\n";
  area.setRangeText(gap + text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

/** The rows of a field as its text has them. */
function follow(field) {
  const list = listOf(field);
  const named = new Map([...areaOf(field).value.matchAll(OWN)].map((found) => [found[2], found[1]]));
  for (const shown of list.querySelectorAll("[data-address]")) {
    if (!named.has(shown.dataset.address)) shown.remove();
  }
  for (const [address, words] of named) {
    let shown = list.querySelector(`[data-address="${address}"]`);
    if (!shown) {
      shown = row("shown");
      shown.dataset.address = address;
      shown.querySelector("img").src = address.split("#")[0];
      list.append(shown);
    }
    const input = shown.querySelector("input");
    if (input !== document.activeElement) input.value = read(words);
  }
}

function describe(field, address, words) {
  for (const found of areaOf(field).value.matchAll(OWN)) {
    if (found[2] === address) return swap(areaOf(field), found[0], words === null ? "" : `![${written(words)}](${address})`);
  }
}

function complain(field, sentence) {
  const wrong = row("wrong");
  listOf(field).append(wrong);
  wrong.querySelector("[data-said]").textContent = sentence ?? wrong.dataset.failed;
  return wrong;
}

function answerOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {}; // the sign-in page, or the proxy's
  }
}

/** Send one file; the text holds a mark in its place until it is there. */
function send(field, file, wantsWords) {
  if (field.dataset.chosen && !systemOf(field)) return void complain(field, row("wrong").dataset.choose);
  const area = areaOf(field);
  const mark = `![… ${++coming}]()`;
  const waiting = row("coming");
  const body = new FormData();
  body.set("csrfmiddlewaretoken", area.form.elements.csrfmiddlewaretoken.value);
  body.set("system", systemOf(field));
  body.set("file", file);
  insert(area, mark);
  listOf(field).append(waiting);
  field.dataset.sending = Number(field.dataset.sending ?? 0) + 1;
  const request = new XMLHttpRequest(); // fetch tells nothing of how much has left
  request.open("POST", field.dataset.pictures);
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) waiting.querySelector("progress").value = event.loaded / event.total;
  });
  request.addEventListener("loadend", () => {
    const { address, error } = answerOf(request);
    waiting.remove();
    swap(area, mark, address ? `![](${address})` : "");
    if (!address) complain(field, error);
    else if (wantsWords) listOf(field).querySelector(`[data-address="${address}"] input`)?.focus();
    field.dataset.sending -= 1;
    const held = area.form.querySelector("[data-sending]:not([data-sending='0'])") ? null : area.form.heldBack;
    if (held) {
      area.form.heldBack = null;
      if (address) area.form.requestSubmit(held.submitter);
    }
  });
  request.send(body);
}

/** Pictures of a clipboard; none where it holds words, too, as from an office program. */
function pasted(data) {
  if (data.types.includes("text/plain")) return [];
  return [...data.files].filter((file) => file.type.startsWith("image/"));
}

function choose(field) {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = "image/png,image/jpeg,image/webp,image/gif";
  input.addEventListener("change", () => {
    for (const file of input.files) send(field, file, true);
  });
  input.click();
}

const fieldOf = (event) => event.target.closest?.("[data-pictures]");

export function startPictures() {
  document.querySelectorAll("[data-pictures]").forEach(follow);
  document.addEventListener("paste", (event) => {
    const field = event.target.matches("textarea") && fieldOf(event);
    const files = field ? pasted(event.clipboardData) : [];
    if (!files.length) return;
    event.preventDefault();
    for (const file of files) send(field, file, false);
  });
  document.addEventListener("dragover", (event) => {
    const field = event.dataTransfer.types.includes("Files") && fieldOf(event);
    if (!field) return;
    event.preventDefault();
    field.classList.add("is-target");
  });
  for (const name of ["dragleave", "drop"]) {
    document.addEventListener(name, (event) => fieldOf(event)?.classList.remove("is-target"));
  }
  document.addEventListener("drop", (event) => {
    const field = event.dataTransfer.files.length && fieldOf(event);
    if (!field) return;
    event.preventDefault();
    for (const file of event.dataTransfer.files) send(field, file, false);
  });
  document.addEventListener("input", (event) => {
    const field = fieldOf(event);
    if (!field) return;
    if (event.target.matches("textarea")) follow(field);
    const shown = event.target.closest("[data-address]");
    if (shown) describe(field, shown.dataset.address, event.target.value);
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-pictures] textarea")) follow(fieldOf(event)); // parts of pages come later
  });
  document.addEventListener("click", (event) => {
    const field = fieldOf(event);
    if (!field) return;
    if (event.target.closest("[data-add-picture]")) choose(field);
    if (!event.target.closest("[data-remove-picture]")) return;
    const gone = event.target.closest(".picture");
    areaOf(field).focus();
    if (gone.dataset.address) describe(field, gone.dataset.address, null);
    else gone.remove();
  });
  document.addEventListener("submit", (event) => {
    // A form that is sent while a picture is on its way waits for it.
    if (!event.target.querySelector?.("[data-sending]:not([data-sending='0'])")) return;
    event.preventDefault();
    event.target.heldBack = { submitter: event.submitter };
  });
}
