// A refused form is the answer to a POST. A browser that comes back to it, or reloads it, would have to ask whether it
// is to be sent again: it is told to come back to the page that the form stood on instead, which was asked for with GET.
const origin = (address) => (URL.canParse(address) ? new URL(address).origin : "");

/** A form that names no address is sent to that of its page: it goes on being sent there. */
function keepAddresses() {
  for (const form of document.querySelectorAll("form:not([action])")) form.setAttribute("action", location.href);
}

export function startAnswered() {
  if (!document.body.hasAttribute("data-answered") || origin(document.referrer) !== location.origin) return;
  keepAddresses();
  history.replaceState(history.state, "", document.referrer);
}
