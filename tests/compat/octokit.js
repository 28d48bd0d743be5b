// GitHub's own client for JavaScript, pointed at a portal: what it is to do comes as JSON on standard input.
import { Octokit } from "@octokit/rest";

let said = "";
for await (const part of process.stdin) said += part;
const { url, token, upload, actions, look } = JSON.parse(said);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const octokit = new Octokit({ baseUrl: url, auth: token, log: quiet });

const answers = [];
async function tell(asking) {
  try {
    const { status, data } = await asking;
    answers.push({ status, data });
  } catch (error) {
    if (!error.response) throw error;
    answers.push({ status: error.status, message: error.message, data: error.response.data });
  }
}

if (upload) await tell(octokit.rest.codeScanning.uploadSarif(upload));
// As github/codeql-action's upload step sends it.
if (actions) await tell(octokit.request("PUT /repos/:owner/:repo/code-scanning/analysis", actions));
if (look) await tell(octokit.rest.codeScanning.getSarif(look));
process.stdout.write(JSON.stringify(answers));
