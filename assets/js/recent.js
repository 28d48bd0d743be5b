// Where a person was last: kept in this browser alone, for who is signed in, gone with the sign-out.
const KEPT = 6;
const PLACE = /^\/(?:planning|risks|guidance|controls|automation|findings|systems|reports)\/(?!new\/)([\w-]+)\/$/;
const KEY = /^[A-Z]{1,2}-\d+$/;
const person = () => document.getElementById("palette")?.dataset.person ?? "";
const name = () => `recent:${person()}`;

/** Without storage (a private window may have none) nobody was anywhere. */
function stored(act, otherwise) {
  try {
    return act(window.localStorage);
  } catch {
    return otherwise;
  }
}

/** [{path, title, key}], the newest first, without the page that is open. */
export function recent() {
  const read = (storage) => JSON.parse(storage.getItem(name()) ?? "[]");
  const found = stored(read, []);
  if (!Array.isArray(found)) return [];
  return found.filter((each) => PLACE.test(each?.path) && each.path !== location.pathname);
}

function forget(kept) {
  stored((storage) => {
    for (const each of Object.keys(storage)) if (each.startsWith("recent:") && each !== kept) storage.removeItem(each);
  });
}

export function startRecent() {
  if (location.pathname.startsWith("/sign-in/")) return forget("");
  if (!person()) return;
  forget(name()); // of who sat here before
  const word = PLACE.exec(location.pathname)?.[1];
  const title = document.querySelector("main h1")?.textContent.trim();
  if (!word || !title) return;
  const here = { path: location.pathname, title: title.slice(0, 120), key: KEY.test(word) ? word : "" };
  stored((storage) => storage.setItem(name(), JSON.stringify([here, ...recent()].slice(0, KEPT + 1))));
}
