// A certified OpenID provider (panva's oidc-provider) as the tests want it, on loopback.
// Each line of standard input is a whole configuration, from then on in force; each is answered by a line with the
// port. What it keeps of people and codes stays, as after a restart with another configuration. It ends with its input.
import http from "node:http";
import readline from "node:readline";

import Provider from "oidc-provider";
import MemoryAdapter from "oidc-provider/lib/adapters/memory_adapter.js";

// It reminds of what production would need, also on standard output.
console.info = console.warn = () => {};
const server = http.createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const { port } = server.address();
const issuer = `http://127.0.0.1:${port}`;

/** Its own adapter in memory, but one for all configurations: they are the same provider. */
class Kept extends MemoryAdapter {}

/** wanted: { clients, accounts: { number: claims }, keys: private JWKs, secret: signs its cookies, job: claims of a job's proof } */
function made(wanted) {
  const provider = new Provider(issuer, {
    adapter: Kept,
    clients: wanted.clients,
    jwks: { keys: wanted.keys },
    cookies: { keys: [wanted.secret] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_context, number) =>
      wanted.accounts[number] && { accountId: number, claims: () => ({ sub: number, ...wanted.accounts[number] }) },
    features: {
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        // A job's proof: signed like an ID token, for whoever it asks to be the audience.
        getResourceServerInfo: (_context, audience) => ({
          audience, scope: "", accessTokenFormat: "jwt", accessTokenTTL: 300, jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: (_context, token) => (token.kind === "ClientCredentials" ? wanted.job : undefined),
    // Its own dispatcher hangs up on loopback, where the portal is.
    fetch: (address, { dispatcher, ...options }) => fetch(address, options),
  });
  provider.on("backchannel.error", (_context, error) => console.error("backchannel:", error.message));
  provider.on("server_error", (_context, error) => console.error(error));
  return provider;
}

let answer = null;
server.on("request", (request, response) => answer(request, response));
for await (const line of readline.createInterface({ input: process.stdin })) {
  answer = made(JSON.parse(line)).callback();
  process.stdout.write(`${port}\n`);
}
server.close();
server.closeAllConnections();
