"""Credentials: written, replaced, taken away. Nothing reads the secret back."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.catalog.api.inputs import system_named
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent
from apps.sources.api.serializers import CredentialIn, CredentialOut, SecretIn
from apps.sources.selectors import credential_get, credentials_list
from apps.sources.services.credentials import (
    credential_create,
    credential_delete,
    credential_replace,
)

TAG = "Sources"


class Credentials(PortalListView):
    serializer_class = CredentialOut

    @operation(
        "credentials_list",
        "List credentials of the systems whose sources you manage",
        tag=TAG,
        gives=CredentialOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self.page(CredentialOut, credentials_list(self.actor), "-id")

    @operation(
        "credentials_create",
        "Keep a secret for one server",
        tag=TAG,
        takes=CredentialIn,
        gives=CredentialOut,
        status=201,
        repeatable=True,
        description=(
            "The secret is sealed with a key of the environment, told to no other server than that "
            "of `url`, and never shown again."
        ),
        example={
            "system": "payments",
            "name": "GitHub, read only",
            "kind": "bearer",
            "url": "https://api.github.com",
            "secret": "github_pat_...",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(CredentialIn, request)
        system = system_named(self.actor, given.pop("system"))
        made = credential_create(actor=self.actor, system=system, **given)
        return self.one(CredentialOut, credential_get(self.actor, made.pk), 201)


class OneCredential(PortalView):
    serializer_class = CredentialOut

    @operation(
        "credentials_read",
        "Read what a credential is for, not its secret",
        tag=TAG,
        gives=CredentialOut,
        versioned=True,
    )
    def get(self, request: Request, credential: int) -> Response:
        return self.one(CredentialOut, credential_get(self.actor, credential))

    @operation(
        "credentials_replace",
        "Put a new secret in place of the old one",
        tag=TAG,
        takes=SecretIn,
        gives=CredentialOut,
        edits=True,
        example={"secret": "github_pat_..."},
    )
    def patch(self, request: Request, credential: int) -> Response:
        row = credential_get(self.actor, credential)
        version = expected_version(request)
        secret = read_body(SecretIn, request)["secret"]
        credential_replace(actor=self.actor, credential=row, version=version, secret=secret)
        return self.one(CredentialOut, credential_get(self.actor, credential))

    @operation(
        "credentials_delete", "Take a credential away that no source uses", tag=TAG, status=204
    )
    def delete(self, request: Request, credential: int) -> Response:
        credential_delete(actor=self.actor, credential=credential_get(self.actor, credential))
        return Response(status=204)
