"""OpenID issuers, as others need to know them: what one says of itself, and its public keys."""

from apps.common.openid.discovery import IssuerUnreachable, discover, read_document
from apps.common.openid.keys import ALGORITHMS, WeakKey, signing_key

__all__ = ["ALGORITHMS", "IssuerUnreachable", "WeakKey", "discover", "read_document", "signing_key"]
