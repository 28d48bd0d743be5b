"""A job's proof for a token: a real issuer on loopback, real signatures, and whatever can be wrong."""

import base64
import datetime as dt
import hmac
import json
import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm

from apps.accounts.actors import portal_actor
from apps.accounts.models import ApiToken
from apps.accounts.services.tokens import job_tokens_forget
from apps.audit.models import AuditEntry
from apps.trust.models import TrustRule, UsedProof
from apps.trust.services.rules import rule_create
from tests.api.conftest import Api, as_pipeline, as_user
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import make_ci_token
from tests.openid import Issuer, issuing
from tests.pages import signed_in
from tests.servers import Says

pytestmark = pytest.mark.django_db
AUDIENCE = "https://portal.example.org"
TESTS = portal_actor("tests")


class CodeHost(Issuer):
    """A code host that publishes its keys and signs proofs."""

    def proof(self, *, kid: str = "", alg: str = "RS256", **claims: Any) -> str:
        """As GitHub makes them (GitHub Docs, "OpenID Connect reference")."""
        now = int(time.time())
        said = {
            "jti": str(uuid.uuid4()),
            "iss": self.url,
            "sub": "repo:alderhaven/payments:ref:refs/heads/main",
            "aud": AUDIENCE,
            "iat": now,
            "nbf": now - 5,
            "exp": now + 300,
            "repository": "alderhaven/payments",
            "repository_id": "4711",
            "ref": "refs/heads/main",
            "environment": "production",
            "job_workflow_ref": "alderhaven/payments/.github/workflows/scan.yml@refs/heads/main",
        } | claims
        return self.signed(said, kid=kid, alg=alg)


@pytest.fixture
def issuer(settings: Any) -> Iterator[CodeHost]:
    with issuing(settings) as server:
        settings.SECOPS_OIDC_ISSUERS = [server.url]
        settings.BASE_URL = AUDIENCE
        yield CodeHost(server)


@pytest.fixture
def rule(people: People, issuer: CodeHost) -> TrustRule:
    return rule_create(
        actor=TESTS,
        system=people.system,
        name="Scans",
        issuer=issuer.url,
        repository="Alderhaven/payments",
        ref="main",
        stages=["code", "build"],
    )


def ask(text: str, **body: Any) -> Any:
    return Api(text).post("/oidc/token", body)


def refused(text: str, **body: Any) -> str:
    """Why; nothing was made."""
    before = ApiToken.objects.count()
    answer = ask(text, **body)
    assert answer.status_code == 401, answer.content
    assert answer.json()["code"] == "token-not-valid"
    assert ApiToken.objects.count() == before
    return str(answer.json()["detail"])


def test_a_job_gets_a_token_and_posts_with_it(
    people: People, issuer: CodeHost, rule: TrustRule
) -> None:
    answer = ask(issuer.proof())
    assert answer.status_code == 201
    told = answer.json()
    assert (told["system"]["key"], told["stages"]) == ("payments", ["code", "build"])
    lives = dt.datetime.fromisoformat(told["expires_at"]) - timezone.now()
    assert dt.timedelta(minutes=14) < lives <= dt.timedelta(minutes=15)
    job = Api(told["token"])
    posted = job.raw("/reports?system=payments&stage=code", sarif(1), "application/json")
    assert posted.status_code == 202
    # Not to another stage, not without one, not to another system; and nothing else is open.
    for query, status in (
        ("system=payments&stage=deploy", 400),
        ("system=payments", 400),
        ("system=payroll&stage=code", 404),
    ):
        assert job.raw(f"/reports?{query}", sarif(2), "application/json").status_code == status
    assert job.get("/findings").status_code == 403
    rule.refresh_from_db()
    assert rule.last_subject == "repo:alderhaven/payments:ref:refs/heads/main"
    assert rule.repository_id == "4711"
    assert AuditEntry.objects.filter(action="trust.use", system_id=people.system.pk).count() == 1
    assert told["token"] not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_the_same_proof_again_is_a_replay(issuer: CodeHost, rule: TrustRule) -> None:
    proof = issuer.proof()
    assert ask(proof).status_code == 201
    assert "used already" in refused(proof)
    # The same number in a proof that is signed anew is the same proof.
    again = issuer.proof(jti="fixed")
    assert ask(again).status_code == 201
    assert "used already" in refused(issuer.proof(jti="fixed", iat=int(time.time()) - 1))


@pytest.mark.django_db(transaction=True)
def test_of_fifty_replays_at_once_one_is_answered(issuer: CodeHost, rule: TrustRule) -> None:
    proof = issuer.proof()

    def asked(_number: int) -> int:
        try:
            return int(ask(proof).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(asked, range(50)))
    assert statuses == [201] + [401] * 49
    assert ApiToken.objects.count() == UsedProof.objects.count() == 1


def test_used_proofs_are_forgotten_when_they_have_expired(
    issuer: CodeHost, rule: TrustRule
) -> None:
    ask(issuer.proof())
    UsedProof.objects.update(expires_at=timezone.now() - dt.timedelta(hours=1))
    ask(issuer.proof())
    assert UsedProof.objects.count() == 1


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"aud": "https://elsewhere.example.org"}, "audience is https://portal.example.org"),
        ({"aud": None}, "lacks the claim aud"),
        ({"exp": int(time.time()) - 3600}, "has expired"),
        ({"exp": None}, "lacks the claim exp"),
        ({"nbf": int(time.time()) + 3600}, "not valid yet"),
        ({"iat": int(time.time()) + 3600}, "not valid yet"),
        ({"sub": None}, "lacks the claim sub"),
        ({"iss": "https://evil.example.org"}, "https://evil.example.org is not trusted here"),
        ({"iss": None}, "Nobody is not trusted here"),
        (
            {"repository": "alderhaven/booking"},
            "repository alderhaven/booking, ref refs/heads/main",
        ),
        ({"repository": None}, "repository none"),
        ({"ref": "refs/heads/topic"}, "ref refs/heads/topic"),
        ({"ref": "refs/tags/main"}, "ref refs/tags/main"),
        ({"ref": "refs/heads/main2"}, "ref refs/heads/main2"),
        ({"ref": None}, "ref none"),
    ],
)
def test_proofs_that_do_not_fit(
    issuer: CodeHost, rule: TrustRule, claims: dict[str, Any], told: str
) -> None:
    assert told in refused(issuer.proof(**claims))


def test_what_is_no_proof(issuer: CodeHost, rule: TrustRule) -> None:
    for text in ("x", "a.b.c", "é" * 10, "secops_" + "a" * 59, "x" * 20_000):
        refused(text)
    assert Api().post("/oidc/token", {}).status_code == 401


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def test_signatures_that_do_not_fit(issuer: CodeHost, rule: TrustRule) -> None:
    good = issuer.proof()
    head, body, signature = good.split(".")
    assert "signature does not fit" in refused(f"{head}.{body}.{signature[:-8]}AAAAAAAA")
    other = issuer.proof(repository="alderhaven/booking").split(".")[1]
    assert "signature does not fit" in refused(f"{head}.{other}.{signature}")
    # Nobody signed it (RFC 8725 section 2.1).
    claims = jwt.decode(good, options={"verify_signature": False})
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": "one"})  # type: ignore[arg-type]
    assert "signed with a public key" in refused(unsigned)
    # The public key used as a shared secret.
    public = (
        issuer.keys["one"]
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signed = _b64(b'{"alg":"HS256","kid":"one"}') + b"." + _b64(json.dumps(claims).encode())
    shared = signed + b"." + _b64(hmac.digest(public, signed, "sha256"))
    assert "signed with a public key" in refused(shared.decode())
    # Another key under a number that is published.
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": "one"})
    assert "signature does not fit" in refused(forged)


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk"])
def test_a_proof_brings_no_key_of_its_own(issuer: CodeHost, rule: TrustRule, header: str) -> None:
    """RFC 8725 section 3.10: where a proof says that its key lies, nobody looks; nor is one in it taken."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(RSAAlgorithm.to_jwk(stranger.public_key())) | {"kid": "one"}
    issuer.server.routes["/theirs"] = Says({"keys": [public]})
    claims = jwt.decode(issuer.proof(), options={"verify_signature": False})
    brought = public if header == "jwk" else f"{issuer.url}/theirs"
    forged = jwt.encode(
        claims, stranger, algorithm="RS256", headers={"kid": "one", header: brought}
    )
    assert "signature does not fit" in refused(forged)
    assert "/theirs" not in issuer.server.paths()


def test_keys_are_kept_and_rotated(issuer: CodeHost, rule: TrustRule) -> None:
    for _ in range(3):
        assert ask(issuer.proof()).status_code == 201
    assert issuer.server.paths().count("/jwks") == 1
    issuer.rotate("two", curve=True)
    assert ask(issuer.proof(alg="ES256")).status_code == 201
    assert issuer.server.paths().count("/jwks") == 2
    # What the issuer took away is good no longer, and unknown numbers do not make us ask each time.
    issuer.keys["three"] = issuer.keys["one"]
    for _ in range(5):
        assert "does not publish" in refused(issuer.proof(kid="three"))
        assert "does not publish" in refused(issuer.proof(kid="one"))
    assert issuer.server.paths().count("/jwks") == 2


def test_a_key_that_is_too_short(issuer: CodeHost, rule: TrustRule, settings: Any) -> None:
    settings.SECOPS_ISSUER_RSA_BITS = 3072
    assert "its RSA key has 2048 bits" in refused(issuer.proof())
    issuer.rotate("two", curve=True)
    assert ask(issuer.proof(alg="ES256")).status_code == 201


def test_an_issuer_that_does_not_answer(issuer: CodeHost, rule: TrustRule) -> None:
    issuer.server.always = Says(b"", 500)
    answer = ask(issuer.proof())
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer-unreachable")
    issuer.server.always = Says({"issuer": "https://evil.example.org", "jwks_uri": issuer.url})
    assert ask(issuer.proof()).status_code == 503
    issuer.server.always = None
    assert ask(issuer.proof()).status_code == 201


def test_a_repository_of_the_same_name_is_another_one(issuer: CodeHost, rule: TrustRule) -> None:
    assert ask(issuer.proof()).status_code == 201
    assert "No rule trusts this job" in refused(issuer.proof(repository_id="9999"))


@pytest.mark.parametrize(
    ("asks", "claims", "fits"),
    [
        ({"ref": ""}, {"ref": "refs/heads/anything"}, True),
        ({"ref": "refs/tags/v*"}, {"ref": "refs/tags/v1.2"}, True),
        ({"ref": "refs/tags/v*"}, {"ref": "refs/heads/v1.2"}, False),
        ({"ref": "release/*"}, {"ref": "refs/heads/release/7"}, True),
        ({"environment": "production"}, {}, True),
        ({"environment": "production"}, {"environment": "staging"}, False),
        ({"environment": "production"}, {"environment": None}, False),
        ({"workflow": ".github/workflows/scan.yml"}, {}, True),
        ({"workflow": ".github/workflows/other.yml"}, {}, False),
    ],
)
def test_what_a_rule_may_ask_for(
    people: People, issuer: CodeHost, asks: dict[str, str], claims: dict[str, Any], fits: bool
) -> None:
    rule_create(
        actor=TESTS,
        system=people.system,
        name="One",
        issuer=issuer.url,
        repository="alderhaven/payments",
        **asks,
    )
    assert ask(issuer.proof(**claims)).status_code == (201 if fits else 401)


def test_gitlab_says_it_in_other_words(people: People, issuer: CodeHost) -> None:
    """GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens", token payload."""
    rule_create(
        actor=TESTS,
        system=people.system,
        name="GitLab",
        issuer=issuer.url,
        repository="alderhaven/ferries/payments",
        ref="main",
        workflow=".gitlab-ci.yml",
    )
    gitlab: dict[str, Any] = {
        "repository": None,
        "repository_id": None,
        "job_workflow_ref": None,
        "project_path": "alderhaven/ferries/payments",
        "project_id": "22",
        "ref": "main",
        "ref_path": "refs/heads/main",
        "ci_config_ref_uri": "gitlab.example.com/alderhaven/ferries/payments//.gitlab-ci.yml@refs/heads/main",
    }
    assert ask(issuer.proof(**gitlab)).status_code == 201
    merge = gitlab | {"ref": "main", "ref_path": "refs/merge-requests/1/head"}
    assert "No rule trusts" in refused(issuer.proof(**merge))


def test_several_systems_trust_one_job(people: People, issuer: CodeHost, rule: TrustRule) -> None:
    rule_create(
        actor=TESTS,
        system=people.other_system,
        name="Other",
        issuer=issuer.url,
        repository="alderhaven/payments",
    )
    told = refused(issuer.proof())
    assert "Several systems" in told
    assert "payroll" not in told
    assert ask(issuer.proof(), system="payroll").json()["system"]["key"] == "payroll"
    assert "No rule trusts" in refused(issuer.proof(), system="booking")


def test_tokens_of_jobs_are_forgotten_a_day_later(
    people: People, issuer: CodeHost, rule: TrustRule
) -> None:
    kept = make_ci_token(people.system).token
    ask(issuer.proof())
    assert job_tokens_forget() == 0
    ApiToken.objects.update(expires_at=timezone.now() - dt.timedelta(days=2))
    assert job_tokens_forget() == 1
    assert ApiToken.objects.get() == kept


# --- rules -----------------------------------------------------------------------------------------


def test_who_makes_rules(people: People, issuer: CodeHost) -> None:
    path = "/systems/payments/trust-rules"
    body = {"name": "Scans", "issuer": issuer.url, "repository": "alderhaven/payments"}
    for person, status in (
        (people.system_admin, 201),
        (people.admin, 201),
        (people.security, 403),
        (people.viewer, 403),
        (people.outsider, 404),
    ):
        # A token does not manage tokens, whoever made it.
        assert as_user(person).post(path, body).status_code in {403, 404}
        client = signed_in(person)
        answer = client.post("/systems/payments/trust/", body)
        assert answer.status_code == (302 if status == 201 else status)
    assert TrustRule.objects.count() == 2
    assert as_pipeline(people.system).get(path).status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": "https://evil.example.org"}, "issuer"),
        ({"repository": "payments"}, "repository"),
        ({"repository": "alderhaven/*"}, "repository"),
        ({"name": " "}, "name"),
        ({"stages": ["moon"]}, "stages"),
    ],
)
def test_rules_that_cannot_be(
    people: People, issuer: CodeHost, change: dict[str, Any], field: str
) -> None:
    body = {"name": "Scans", "issuer": issuer.url, "repository": "alderhaven/payments"}
    client = signed_in(people.system_admin)
    answer = client.post("/systems/payments/trust/", body | change)
    assert answer.status_code == 422
    assert not TrustRule.objects.exists()
    assert f"id_{field}" in answer.content.decode()


def test_known_hosts_go_by_their_names(people: People, settings: Any) -> None:
    """The issuers as GitHub's and GitLab's manuals give them; another is shown as its address."""
    github = "https://token.actions.githubusercontent.com"
    settings.SECOPS_OIDC_ISSUERS = (github, "https://gitlab.com", "https://git.example.org")
    page = signed_in(people.system_admin).get("/systems/payments/trust/").content.decode()
    options = dict(re.findall(r'<option value="(https://[^"]+)"[^>]*>([^<]+)', page))
    assert options == {
        github: "GitHub Actions",
        "https://gitlab.com": "GitLab.com",
        "https://git.example.org": "git.example.org",
    }


def test_the_page_shows_rules_and_takes_them_away(people: People, rule: TrustRule) -> None:
    client = signed_in(people.system_admin)
    page = client.get("/systems/payments/trust/").content.decode()
    assert "Alderhaven/payments" in page
    assert "never" in page
    assert "/api/v1/reports?system=payments&amp;stage=" in page
    stranger = signed_in(people.outsider)
    assert stranger.post(f"/systems/payments/trust/{rule.pk}/delete/").status_code == 404
    assert client.post(f"/systems/payments/trust/{rule.pk}/delete/").status_code == 302
    assert not TrustRule.objects.exists()
