// Forms with data-passkey="create" or "get": ask the portal what to ask, ask the browser, send its answer.
const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** JSON of Web Authentication Level 3, section 5.1.9, as what Level 2 takes. */
function understood(options) {
  const plain = { ...options, challenge: decode(options.challenge) };
  if (options.user) plain.user = { ...options.user, id: decode(options.user.id) };
  for (const name of ["excludeCredentials", "allowCredentials"]) {
    if (options[name]) plain[name] = options[name].map((one) => ({ ...one, id: decode(one.id) }));
  }
  return plain;
}

function told(credential) {
  const { response } = credential;
  const parts = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = encode(response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    clientExtensionResults: {},
    response: parts,
  });
}

async function ask(form) {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  const answer = await fetch(form.dataset.options, { method: "POST", body });
  if (!answer.ok || answer.redirected) return location.reload(); // to be asked for the password again
  const publicKey = understood(await answer.json());
  const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
  form.elements.answer.value = told(credential);
  form.submit();
}

export function startPasskeys() {
  if (!window.PublicKeyCredential) return;
  for (const form of document.querySelectorAll("form[data-passkey]")) form.hidden = false;
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-passkey]");
    if (!form) return;
    event.preventDefault();
    const said = form.querySelector("[data-said]");
    said.hidden = true;
    try {
      await ask(form);
    } catch {
      said.hidden = false; // not known here, or the person said no
    }
  });
}
