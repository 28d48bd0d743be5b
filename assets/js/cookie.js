// Cookies that scripts write: over https under a name that browsers take from this host alone (apps/common/http.py).
const host = location.protocol === "https:";

export function keep(name, value, seconds) {
  const secure = host ? "; Secure" : "";
  document.cookie = `${nameOf(name)}=${value}; Path=/; Max-Age=${seconds}; SameSite=Lax${secure}`;
}

export function isKept(name, value) {
  return document.cookie.split("; ").includes(`${nameOf(name)}=${value}`);
}

function nameOf(name) {
  return host ? `__Host-${name}` : name;
}
