"""Writes a report in the documented layout of ZAP's traditional JSON, by hand: ZAP is not run
here.

The alerts are those that ZAP's passive and active rules have for what the sample really does
(the security tests show the same); plugin numbers, CWE and WASC are ZAP's own. `after` leaves
out what the change mends.
"""

import json
import sys
from typing import Any

HOST = "https://staging.booking.example.org"
RISK = {"High": 3, "Medium": 2, "Low": 1, "Informational": 0}
CONFIDENCE = {"High": 3, "Medium": 2, "Low": 1}
# plugin, name, risk, confidence, cwe, wasc, description, solution, instances, mended by the change
ALERTS: list[tuple[Any, ...]] = [
    (
        "40018",
        "SQL Injection",
        "High",
        "Medium",
        89,
        19,
        "SQL injection may be possible.",
        "Bind parameters; do not join text.",
        [("GET", "/sailings?port=Skerry%27+OR+%271%27%3D%271", "port", "Skerry' OR '1'='1", "")],
        True,
    ),
    (
        "40012",
        "Cross Site Scripting (Reflected)",
        "High",
        "Medium",
        79,
        8,
        "The value of a parameter is echoed into the page.",
        "Escape output for its context.",
        [
            (
                "GET",
                "/partners/hello?name=%3Cscript%3Ealert%281%29%3C%2Fscript%3E",
                "name",
                "<script>alert(1)</script>",
                "<script>alert(1)</script>",
            )
        ],
        True,
    ),
    (
        "6",
        "Path Traversal",
        "High",
        "Medium",
        22,
        33,
        "Files outside the intended folder can be read.",
        "Choose files by an identifier of your own.",
        [
            (
                "GET",
                "/tickets/download?name=..%2F..%2Fetc%2Fpasswd",
                "name",
                "../../etc/passwd",
                "root:x:0:0",
            )
        ],
        False,
    ),
    (
        "10038",
        "Content Security Policy (CSP) Header Not Set",
        "Medium",
        "High",
        693,
        15,
        "The answer has no content security policy.",
        "Send the Content-Security-Policy header.",
        [("GET", "/health", "", "", ""), ("GET", "/sailings", "", "", "")],
        True,
    ),
    (
        "10020",
        "Missing Anti-clickjacking Header",
        "Medium",
        "Medium",
        1021,
        15,
        "The page can be framed by others.",
        "Send frame-ancestors in the policy, or X-Frame-Options.",
        [("GET", "/partners/hello", "x-frame-options", "", "")],
        False,
    ),
    (
        "10021",
        "X-Content-Type-Options Header Missing",
        "Low",
        "Medium",
        693,
        15,
        "Browsers may guess another type of content.",
        "Send X-Content-Type-Options: nosniff.",
        [
            ("GET", "/sailings", "x-content-type-options", "", ""),
            ("GET", "/fares", "x-content-type-options", "", ""),
        ],
        True,
    ),
    (
        "10010",
        "Cookie No HttpOnly Flag",
        "Low",
        "Medium",
        1004,
        13,
        "A script can read the cookie.",
        "Set HttpOnly.",
        [("POST", "/sign-in", "session", "", "Set-Cookie: session")],
        True,
    ),
    (
        "10011",
        "Cookie Without Secure Flag",
        "Low",
        "Medium",
        614,
        13,
        "The cookie may be sent without TLS.",
        "Set Secure.",
        [("POST", "/sign-in", "session", "", "Set-Cookie: session")],
        True,
    ),
    (
        "10054",
        "Cookie without SameSite Attribute",
        "Low",
        "Medium",
        1275,
        13,
        "The cookie is sent with requests from other sites.",
        "Set SameSite.",
        [("POST", "/sign-in", "session", "", "Set-Cookie: session")],
        True,
    ),
    (
        "10035",
        "Strict-Transport-Security Header Not Set",
        "Low",
        "High",
        319,
        15,
        "Browsers are not told to use TLS only.",
        "Send Strict-Transport-Security.",
        [("GET", "/health", "", "", "")],
        False,
    ),
]


def alert(row: tuple[Any, ...]) -> dict[str, Any]:
    plugin, name, risk, confidence, cwe, wasc, description, solution, instances, _ = row
    return {
        "pluginid": plugin,
        "alertRef": plugin,
        "alert": name,
        "name": name,
        "riskcode": str(RISK[risk]),
        "confidence": str(CONFIDENCE[confidence]),
        "riskdesc": f"{risk} ({confidence})",
        "desc": f"<p>{description}</p>",
        "instances": [
            {
                "uri": HOST + path,
                "method": method,
                "param": param,
                "attack": attack,
                "evidence": evidence,
                "otherinfo": "",
            }
            for method, path, param, attack, evidence in instances
        ],
        "count": str(len(instances)),
        "solution": f"<p>{solution}</p>",
        "otherinfo": "",
        "reference": "",
        "cweid": str(cwe),
        "wascid": str(wasc),
        "sourceid": "1",
    }


def main(which: str, generated: str) -> None:
    rows = [row for row in ALERTS if which == "before" or not row[-1]]
    site = {
        "@name": HOST,
        "@host": "staging.booking.example.org",
        "@port": "443",
        "@ssl": "true",
        "alerts": [alert(row) for row in rows],
    }
    json.dump(
        {"@programName": "ZAP", "@version": "2.15.0", "@generated": generated, "site": [site]},
        sys.stdout,
        indent=1,
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])
