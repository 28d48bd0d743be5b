"""People, teams, who holds which role where, how they sign in, and API tokens."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Role
from apps.common.models import Edited, Versioned

ROLE_CHOICES = [
    (Role.VIEWER.value, _("Viewer")),
    (Role.ARCHITECT.value, _("Architect")),
    (Role.SECURITY.value, _("Security")),
    (Role.ADMIN.value, _("Admin")),
]


# What browsers say of themselves, the most particular first: most claim to be others, too.
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
MACHINES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: object) -> "User":
        fields |= {"is_staff": True, "is_superuser": True, "role": Role.ADMIN.value}
        return self.create_user(email, password, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(Edited, AbstractBaseUser, PermissionsMixin):
    """A person. `role` holds on every system; roles on one system are memberships."""

    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(
        _("role in the organisation"), max_length=20, blank=True, default="", choices=ROLE_CHOICES
    )
    teams: "models.ManyToManyField[Team, models.Model]" = models.ManyToManyField(
        "Team", related_name="people", blank=True
    )
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("may use the admin site"), default=False)
    date_joined = models.DateTimeField(db_default=Now(), editable=False)
    # How this person reads; empty: as the browser says (apps/accounts/places.py).
    language = models.CharField(max_length=12, blank=True, default="", db_default="")
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    # When this person was first asked for a second factor, or added one: the days of patience begin.
    factor_asked_at = models.DateTimeField(null=True, editable=False)

    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_lower_case"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class Team(Edited):
    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person or a team holds a role on one system."""

    system = models.ForeignKey(
        "catalog.System", on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships"
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=ROLE_CHOICES)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user=None) ^ models.Q(team=None), name="membership_user_or_team"
            ),
            models.UniqueConstraint(
                fields=["system", "user"], name="membership_once_a_user", nulls_distinct=True
            ),
            models.UniqueConstraint(
                fields=["system", "team"], name="membership_once_a_team", nulls_distinct=True
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.team}: {self.role}"


class ApiToken(models.Model):
    """A bearer token: shown once, kept as a keyed hash. A system's (for CI) or a person's own."""

    key = models.CharField(max_length=12, unique=True)  # the public half, by which it is looked up
    digest = models.BinaryField(max_length=32)
    name = models.CharField(max_length=120)
    system = models.ForeignKey(
        "catalog.System", null=True, on_delete=models.CASCADE, related_name="tokens"
    )
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="tokens")
    scope = models.CharField(max_length=20)
    # Of a system's token: the stages that it may post to; empty: all.
    stages = ArrayField(
        models.CharField(max_length=10), default=list, db_default=models.Value("{}"), blank=True
    )
    # A trusted job's, good for minutes.
    is_for_job = models.BooleanField(default=False, db_default=False)
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="tokens_made"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user=None) ^ models.Q(system=None), name="token_user_or_system"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (…{self.key})"


class FactorKind(models.TextChoices):
    APP = "app", _("Authenticator app")
    PASSKEY = "passkey", _("Passkey")


class SecondFactor(models.Model):
    """What a person shows besides a password; a passkey can stand for both."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="factors")
    kind = models.CharField(max_length=8, choices=FactorKind.choices)
    name = models.CharField(max_length=80)
    # Of an app: its secret, sealed (apps/common/sealing.py), and the last step of 30 seconds whose
    # code was taken, so that none is taken twice (RFC 6238 section 5.2).
    sealed = models.BinaryField(null=True, editable=False)
    last_step = models.BigIntegerField(default=0, editable=False)
    # Of a passkey: what Web Authentication Level 2 section 4 asks to be kept.
    credential_id = models.BinaryField(null=True, unique=True, editable=False)
    public_key = models.BinaryField(null=True, editable=False)
    sign_count = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="app", sealed__isnull=False)
                | models.Q(kind="passkey", credential_id__isnull=False, public_key__isnull=False),
                name="factor_has_its_secret",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """For when the other factors are lost; each works once. Kept as a keyed hash of a password hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.BinaryField(max_length=32, editable=False)
    # Of all codes that were made together; null: made before there were any, hashed without.
    salt = models.BinaryField(max_length=16, null=True, editable=False)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")
        ]

    def __str__(self) -> str:
        return f"recovery code {self.pk}"


class PasswordLink(models.Model):
    """By which a person sets a password that nobody else has seen; once, within days. Kept as a keyed hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="password_links")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"link for {self.user}"


class PersonSession(models.Model):
    """Where a person is signed in; the session itself is Django's."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    address = models.CharField(max_length=45, blank=True, default="")
    agent = models.CharField(max_length=300, blank=True, default="")
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    seen_at = models.DateTimeField(db_default=Now())
    # Of one that a provider opened: who that is there, and the provider's own name of its session (`sid`).
    identity = models.ForeignKey(
        "PersonIdentity", null=True, on_delete=models.SET_NULL, related_name="sessions"
    )
    provider_sid = models.CharField(max_length=255, blank=True, default="", db_default="")

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.user} from {self.address}"

    @property
    def device(self) -> str:
        """ "Firefox, Windows", as far as the browser tells; what it says itself where that is unknown."""
        found = [
            next((name for mark, name in marks if mark in self.agent), "")
            for marks in (BROWSERS, MACHINES)
        ]
        return ", ".join(filter(None, found)) or self.agent[:60] or "?"


class SecondStep(models.TextChoices):
    """Who asks for the second factor of those who come through a provider."""

    OURS = "ours", _("The portal, from everyone who has one here")
    CLAIMED = "claimed", _("The provider, where it says that it did; else the portal")
    THEIRS = "theirs", _("The provider, from everyone")


class SignInProvider(Versioned):
    """An OpenID provider whose people may sign in here, on the organisation's terms."""

    key = models.SlugField(max_length=40, unique=True)  # in the address that answers come to
    name = models.CharField(max_length=80, unique=True)
    # SECURITY: the same for as long as people are linked: their number is one of this issuer's.
    issuer = models.CharField(max_length=300, unique=True)
    client_id = models.CharField(max_length=300)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # sealed along
    sealed = models.BinaryField(editable=False)  # the client's secret, apps/common/sealing.py
    domains = ArrayField(models.CharField(max_length=253))  # of the addresses that may come in
    # The provider sends no `email_verified`, and whoever runs it vouches for the addresses.
    vouches_for_email = models.BooleanField(default=False)
    makes_people = models.BooleanField(default=False)  # else only who is known already comes in
    default_role = models.CharField(max_length=20, blank=True, default="", choices=ROLE_CHOICES)
    groups_claim = models.CharField(max_length=120, blank=True, default="")
    group_roles = models.JSONField(default=dict)  # a group's name: a role
    extra_scopes = models.CharField(max_length=200, blank=True, default="")
    second_step = models.CharField(
        max_length=8, choices=SecondStep.choices, default=SecondStep.OURS
    )
    acr_values = models.CharField(max_length=300, blank=True, default="")
    # People of its domains have no other way in. Staff do, so that nobody locks the portal.
    is_only_way = models.BooleanField(default=False)
    # Its logout tokens do not say by their type (`logout+jwt`) that they are ones.
    takes_plain_logouts = models.BooleanField(default=False, db_default=False)
    is_on = models.BooleanField(default=False)
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    last_used_at = models.DateTimeField(null=True)
    last_refused_at = models.DateTimeField(null=True)
    last_refusal = models.TextField(blank=True, default="")  # why, for those who manage it

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        return "on" if self.is_on else "off"


class PersonIdentity(models.Model):
    """Who somebody is at a provider. SECURITY: found by the provider's own number (`sub`), since an
    address can be given to another person."""

    provider = models.ForeignKey(
        SignInProvider, on_delete=models.CASCADE, related_name="identities"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    subject = models.CharField(max_length=255)  # OpenID Connect Core 1.0 section 2: at most 255
    email = models.CharField(max_length=254)  # as the provider last had it
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "subject"], name="identity_once"),
            models.UniqueConstraint(fields=["provider", "user"], name="identity_once_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.email} at {self.provider}"


class LogoutNotice(models.Model):
    """A provider's word that somebody has signed out there; each is taken once (its `jti`)."""

    provider = models.ForeignKey(SignInProvider, on_delete=models.CASCADE, related_name="+")
    jti = models.CharField(max_length=255)
    expires_at = models.DateTimeField()  # from then on its token is refused by itself

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "jti"], name="logout_notice_once")
        ]

    def __str__(self) -> str:
        return self.jti
