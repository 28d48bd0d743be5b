"""Pictures that stand in texts. The bytes lie in the storage under their own digest; rows say whose they are."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.actors import Actor
from apps.accounts.policy import ScopedQuerySet
from apps.accounts.roles import Permission

PERSON = settings.AUTH_USER_MODEL
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


class AttachmentQuerySet(ScopedQuerySet):
    def visible_to(
        self, actor: Actor, permission: Permission | None = None
    ) -> "AttachmentQuerySet":
        """Those of the systems that the actor sees; those of the library, for whoever reads it."""
        systems = actor.systems_with(permission or Permission.SYSTEM_VIEW)
        of_systems = Q(system__isnull=False) if systems is None else Q(system_id__in=systems)
        reads_library = Permission.GUIDANCE_VIEW in actor.organisation_grant
        return self.filter(of_systems | Q(system=None) if reads_library else of_systems)


class Attachment(models.Model):
    """One picture, as it was drawn anew. It is seen by whoever may see the text that it was pasted into."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(  # none: the library's
        "catalog.System",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="attachments",
    )
    sha256 = models.CharField(
        max_length=64
    )  # of what is kept; names the file, which rows may share
    media_type = models.CharField(max_length=20, choices=[(each, each) for each in EXTENSIONS])
    size = models.PositiveIntegerField()  # bytes
    width = models.PositiveIntegerField()  # pixels
    height = models.PositiveIntegerField()
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    unused_since = models.DateTimeField(null=True, editable=False)  # as the sweep saw it

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["sha256"], name="attachment_content"),
            models.Index(fields=["created_by", "created_at"], name="attachment_quota"),
            models.Index(
                fields=["unused_since"],
                condition=Q(unused_since__isnull=False),
                name="attachment_unused",
            ),
        ]

    def __str__(self) -> str:
        return f"picture {self.uid}"

    @property
    def access_system_id(self) -> int | None:
        return self.system_id

    @property
    def storage_name(self) -> str:
        return f"attachments/{self.sha256[:2]}/{self.sha256}"

    @property
    def address(self) -> str:
        """As texts name it: the fragment says the size, so that pages leave room before it is there."""
        return f"/attachments/{self.uid}#{self.width}x{self.height}"

    @property
    def markdown(self) -> str:
        return f"![]({self.address})"

    @property
    def filename(self) -> str:
        return f"picture-{str(self.uid)[:8]}.{EXTENSIONS[self.media_type]}"
