// The time zone of this browser, as a cookie: the server writes times as the clocks here show them, to
// whoever has not chosen a zone. It is the same for every page, and nothing is sent but with the page.
const YEAR = 60 * 60 * 24 * 365;

export function startZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || document.cookie.split("; ").includes(`zone=${zone}`)) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `zone=${zone}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
}
