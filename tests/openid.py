"""OpenID issuers and providers on loopback, with real keys and signatures; they err as a test asks."""

import base64
import contextlib
import functools
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.cache import cache

from tests.servers import Asked, Says, Server, serving


@functools.lru_cache
def rsa_key(number: int) -> rsa.RSAPrivateKey:
    """The same for a number all along: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """Whoever publishes keys and signs."""

    def __init__(self, server: Server) -> None:
        self.server, self.url = server, server.url
        self.keys: dict[str, Any] = {}
        self.published: list[str] = []
        self.document: dict[str, Any] = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        server.routes["/.well-known/openid-configuration"] = lambda _: Says(self.document)
        server.routes["/jwks"] = lambda _: Says({"keys": [self.public(k) for k in self.published]})
        self.rotate("one")

    def rotate(self, kid: str, *, curve: bool = False) -> None:
        """Another key in place of all others."""
        made = ec.generate_private_key(ec.SECP256R1()) if curve else rsa_key(len(self.keys))
        self.keys[kid] = made
        self.published = [kid]

    def public(self, kid: str) -> dict[str, Any]:
        key = self.keys[kid].public_key()
        kind = (
            jwt.algorithms.RSAAlgorithm
            if isinstance(key, rsa.RSAPublicKey)
            else jwt.algorithms.ECAlgorithm
        )
        return {**json.loads(kind.to_jwk(key)), "kid": kid, "use": "sig"}

    def signed(
        self, claims: dict[str, Any], *, kid: str = "", alg: str = "RS256", typ: str | None = "JWT"
    ) -> str:
        kid = kid or self.published[-1]
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(said, self.keys[kid], algorithm=alg, headers={"kid": kid, "typ": typ})


class Provider(Issuer):
    """Signs people in: /authorize asks nobody, /token changes each code once (RFC 6749, RFC 7636)."""

    client_id, secret = "portal", "s3cret: with+signs"

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.document |= {
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
        }
        self.who: dict[str, Any] = {}  # beside the usual claims; None leaves one out
        self.userinfo: dict[str, Any] = {}
        self.token = ""  # given instead of what would be right
        self.algorithm = "RS256"
        self.asked: dict[str, str] = {}  # the last question of a browser
        self.codes: dict[str, dict[str, str]] = {}
        server.routes["/authorize"] = self._authorize
        server.routes["/token"] = self._token
        server.routes["/userinfo"] = lambda _: Says(self.userinfo)

    def answer(self, address: str, **more: str) -> str:
        """Where the browser that follows `address` is sent back to."""
        self.asked = dict(parse_qsl(urlsplit(address).query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = self.asked
        said = {"code": code, "state": self.asked["state"]} | more
        return f"{self.asked['redirect_uri']}?{urlencode(said)}"

    def _authorize(self, asked: Asked) -> Says:
        return Says(status=302, headers={"Location": self.answer(f"?{urlencode(asked.query)}")})

    def _token(self, asked: Asked) -> Says:
        form = dict(parse_qsl(asked.body.decode()))
        if not self._is_client(asked, form):
            return Says({"error": "invalid_client"}, 401)
        question = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            question is None
            or form["grant_type"] != "authorization_code"
            or form["redirect_uri"] != question["redirect_uri"]
            or challenge != question["code_challenge"]
        ):
            return Says({"error": "invalid_grant"}, 400)
        token = self.token or self.signed(self.claims(question), alg=self.algorithm)
        return Says({"access_token": "open", "token_type": "Bearer", "id_token": token})

    def _is_client(self, asked: Asked, form: dict[str, str]) -> bool:
        """RFC 6749 section 2.3.1: percent-encoded in the header, or in the form."""
        wanted = (self.client_id, self.secret)
        if basic := asked.headers.get("authorization", ""):
            name, _, secret = base64.b64decode(basic.removeprefix("Basic ")).decode().partition(":")
            return (unquote(name), unquote(secret)) == wanted
        return (form.get("client_id"), form.get("client_secret")) == wanted

    def claims(self, question: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.url,
            "sub": "248289761001",
            "aud": self.client_id,
            "nonce": question["nonce"],
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "email": "vera@example.org",
            "email_verified": True,
            "name": "Vera Provided",
        } | self.who


@contextlib.contextmanager
def issuing(settings: Any) -> Iterator[Server]:
    """A server that the portal may reach."""
    with serving() as server:
        may_reach(settings, server.url)
        yield server


def may_reach(settings: Any, issuer: str) -> None:
    """Let the portal ask the issuer, on loopback; nothing is kept of an earlier one at its address."""
    settings.SECOPS_OUTGOING_SCHEMES = ["http", "https"]
    settings.SECOPS_OUTGOING_PORTS = [443, urlsplit(issuer).port]
    settings.SECOPS_OUTGOING_NETWORKS = ["127.0.0.1/32"]
    for name in ("document:{}", "keys:{}", "keys:{}:asked"):
        cache.delete(f"openid:{name.format(issuer)}")
