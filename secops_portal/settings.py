"""All settings. Values come from the environment; every default is the safe one (docs/operations.md)."""

import re
from pathlib import Path

from csp.constants import NONE, SELF

from apps.scans.formats.builtin import BUILTIN
from secops_portal import env

BASE_DIR = Path(__file__).resolve().parent.parent

# --- which kind of server this is ---------------------------------------------------------------
PROFILE = env.text("SECOPS_ENV", "production")
if PROFILE not in {"production", "development", "test"}:
    raise env.refuse(f"SECOPS_ENV must be production, development or test, not {PROFILE!r}.")
PRODUCTION = PROFILE == "production"
TESTING = PROFILE == "test"
DEBUG = False  # never: its error pages show settings and data. Development gets logs instead.

SECRET_KEY = env.required(
    "SECRET_KEY",
    "Give it a long random value that stays the same, e.g. from: "
    'python -c "import secrets; print(secrets.token_urlsafe(64))".',
)
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
if PRODUCTION and len(SECRET_KEY) < 50:
    raise env.refuse("SECRET_KEY is shorter than 50 characters.")

BASE_URL = env.text("SECOPS_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
HTTPS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = env.words("SECOPS_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("SECOPS_CSRF_TRUSTED_ORIGINS", BASE_URL)
if PRODUCTION and not HTTPS and not env.flag("SECOPS_ALLOW_HTTP", default=False):
    raise env.refuse(
        "SECOPS_BASE_URL must begin with https:// in production (SECOPS_ALLOW_HTTP=yes overrides, "
        "for a network that you trust)."
    )

# --- apps ---------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_celery_beat",
    "django_htmx",
    "drf_spectacular",
    "rest_framework",
    "apps.common",
    "apps.audit",
    "apps.removals",
    "apps.accounts",
    "apps.catalog",
    "apps.attachments",
    "apps.planning",
    "apps.guidance",
    "apps.risks",
    "apps.scans",
    "apps.sources",
    "apps.trust",
    "apps.coverage",
    "apps.automation",
    "apps.controls",
    "apps.notices",
    "apps.evidence",
    "apps.compat",
    "apps.outbound",
    "apps.trackers",
    "apps.advice",
]
if TESTING:
    INSTALLED_APPS.append("django_linear_migrations")

MIDDLEWARE = [
    "apps.common.metrics.MetricsMiddleware",
    "apps.common.middleware.RequestIdMiddleware",
    "apps.accounts.middleware.NoPlainApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "apps.common.middleware.NothingKeptMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.PlaceMiddleware",
    "apps.accounts.middleware.SignInFirstMiddleware",  # deny by default: views opt out
    "apps.accounts.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "apps.accounts.middleware.SessionMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.common.middleware.DomainErrorMiddleware",
]
ROOT_URLCONF = "secops_portal.urls"
WSGI_APPLICATION = "secops_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.common.context.portal",
                "apps.notices.context.notices",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# --- data ---------------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL")}
DATABASES["default"] |= {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "ATOMIC_REQUESTS": False,  # services own their transactions
}
# Whom migrations let serve: a role that owns no table (apps/audit/serving.py). Empty: there is one role for both.
SECOPS_SERVING_ROLE = env.text("SECOPS_SERVING_ROLE")
_options = DATABASES["default"]["OPTIONS"]
assert isinstance(_options, dict)  # noqa: S101  # for the type checker; env.database always gives one
# A busy backend must not outlive a dead client and keep its locks (docs/decisions/0003).
_options.setdefault("keepalives_idle", "30")
# A server that takes a connection and says nothing holds nobody for longer, nor the answer of /readyz.
_options.setdefault("connect_timeout", "10")
_options.setdefault("keepalives_interval", "10")
_options.setdefault("keepalives_count", "3")
_options["options"] = " ".join(
    [
        str(_options.get("options", "")),
        "-c client_connection_check_interval=5000",
        "-c idle_in_transaction_session_timeout=120000",
        f"-c statement_timeout={env.integer('SECOPS_STATEMENT_TIMEOUT_MS', 600_000, low=1000, high=86_400_000)}",
        "-c lock_timeout=60000",
        # The most that a session takes, and only one that ingests: of 10 000 findings, 15 MB, half went to a file.
        "-c temp_buffers=32MB",
        "-c timezone=UTC",
    ]
).strip()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.redis("SECOPS_CACHE_URL", REDIS_URL),
        "KEY_PREFIX": "secops",
        "OPTIONS": {"serializer": "apps.common.cache.JsonSerializer"},
    }
}

DATA_DIR = env.folder("SECOPS_DATA_DIR", BASE_DIR / ".data" / "files")
MEDIA_ROOT = DATA_DIR
MEDIA_URL = (
    "/media-is-never-served/"  # raw reports leave only through a view that checks permission
)
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {
        "BACKEND": {
            # Compressing is worth its half minute where the same files are served for months.
            "production": "whitenoise.storage.CompressedManifestStaticFilesStorage",
            "development": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
            "test": "django.contrib.staticfiles.storage.StaticFilesStorage",
        }[PROFILE]
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = env.folder("SECOPS_STATIC_ROOT", BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "assets" / "dist"]
PAPER_FONTS = BASE_DIR / "assets" / "dist" / "paper"  # the typefaces of PDFs
WHITENOISE_USE_FINDERS = TESTING
# Looks a file up when it is asked for, in place of listing all of them for each client of a test.
WHITENOISE_AUTOREFRESH = TESTING

# --- Celery (secops_portal/celery.py reads CELERY_*) ---------------------------------------------
CELERY_BROKER_URL = env.redis("SECOPS_BROKER_URL", REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # KiB
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_SOFT_TIME_LIMIT = 1500
CELERY_TASK_TIME_LIMIT = 1800
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,  # longer than the hard limit: an early redelivery only doubles work
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "max_retries": 2,
    "interval_start": 0.1,
    "interval_max": 0.5,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "scans.ingest": {"queue": "ingest"},
    "sources.pull": {"queue": "pull"},
    "scans.fetch_feeds": {"queue": "pull"},
    "advice.*": {"queue": "valuation"},
    "risks.*": {"queue": "valuation"},
    "common.deliver": {"queue": "outbound"},
    "notices.*": {"queue": "outbound"},
    "outbound.*": {"queue": "outbound"},
    "trackers.*": {"queue": "outbound"},
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "sweep-reports": {"task": "scans.sweep", "schedule": 30.0},
    "remove-raw-copies": {"task": "scans.retain", "schedule": 3600.0},
    "fetch-feeds": {"task": "scans.fetch_feeds", "schedule": 3600.0},
    "portfolio-snapshot": {"task": "advice.snapshot", "schedule": 6 * 3600.0},
    "review-signals": {"task": "evidence.review_signals", "schedule": 6 * 3600.0},
    "seal-audit": {"task": "audit.seal", "schedule": 60.0},
    "send-mails": {"task": "notices.send", "schedule": 900.0},
    "forget-old-notices": {"task": "notices.forget", "schedule": 86_400.0},
    "forget-job-tokens": {"task": "trust.forget", "schedule": 86_400.0},
    "clear-sessions": {"task": "accounts.sweep", "schedule": 3600.0},
    "tell-overdue": {"task": "automation.sweep", "schedule": 3600.0},
    "sweep-pictures": {"task": "attachments.sweep", "schedule": 86_400.0},
    "sweep-silences": {"task": "coverage.sweep", "schedule": 3600.0},
    "sweep-sources": {"task": "sources.sweep", "schedule": 15.0},
    "forget-old-runs": {"task": "sources.forget_runs", "schedule": 86_400.0},
    "deliver-webhooks": {"task": "outbound.deliver", "schedule": 30.0},
    "file-tickets": {"task": "trackers.file", "schedule": 30.0},
    "follow-tickets": {"task": "trackers.follow", "schedule": 60.0},
    "tell-decisions": {"task": "trackers.tell", "schedule": 60.0},
    "mirror-issues": {"task": "trackers.mirror", "schedule": 60.0},
    "forget-removals": {"task": "removals.forget", "schedule": 3600.0},
    "forget-webhook-log": {"task": "outbound.forget", "schedule": 86_400.0},
    "deliver-events": {"task": "common.deliver", "schedule": 30.0},
    "expire-idempotency-keys": {"task": "common.forget_idempotency_keys", "schedule": 3600.0},
    "reopen-expired-acceptances": {"task": "planning.expire_decisions", "schedule": 3600.0},
}
CELERY_TASK_ALWAYS_EAGER = False
# By how much workers yield the processor to what else runs on the machine (nice).
SECOPS_WORKER_NICE = env.integer("SECOPS_WORKER_NICE", 10, low=0, high=19)

# --- registries: dotted paths, loaded once, checked at start -------------------------------------
SECOPS_FORMATS: list[str] = list(BUILTIN)
SECOPS_CONNECTORS = [
    "apps.sources.connectors.https_url.HttpsUrl",
    "apps.sources.connectors.folder.Folder",
    "apps.sources.connectors.s3.S3Prefix",
    "apps.sources.connectors.github.CodeScanning",
    "apps.sources.connectors.github.Dependabot",
    "apps.sources.connectors.github.SecretScanning",
    "apps.sources.connectors.github_artifacts.ActionsArtifacts",
    "apps.sources.connectors.gitlab.JobArtifacts",
    "apps.sources.connectors.gitlab.Vulnerabilities",
    "apps.sources.connectors.dependency_track.DependencyTrackFindings",
    "apps.sources.connectors.sonarqube.SonarQubeIssues",
    "apps.sources.connectors.defectdojo.DefectDojoFindings",
    "apps.sources.connectors.alertmanager.AlertmanagerAlerts",
    "apps.sources.connectors.opensearch.OpenSearchQuery",
    "apps.sources.connectors.greenbone.GreenboneReports",
]
# What can be put back after somebody took it away (apps/removals/kinds.py).
SECOPS_REMOVALS = [
    "apps.planning.services.items.OPTION",
    "apps.planning.services.filters.FILTER",
    "apps.planning.services.guidance.ITEM_GUIDANCE",
    "apps.trust.services.rules.TRUST_RULE",
    "apps.controls.services.controls.EFFECT",
    "apps.coverage.services.profiles.EXCEPTION",
    "apps.coverage.services.profiles.PROFILE",
    "apps.evidence.services.links.EVIDENCE_RULE",
    "apps.sources.services.credentials.CREDENTIAL",
    "apps.sources.services.sources.SOURCE",
    "apps.outbound.services.webhooks.WEBHOOK",
    "apps.trackers.services.trackers.TRACKER",
    "apps.accounts.services.people.TEAM",
    "apps.accounts.services.providers.PROVIDER",
    "apps.accounts.services.identities.IDENTITY",
]
# What the settings page says: functions (viewer) -> lines of apps/common/setting_lines.py, in the order of each group.
SECOPS_SETTING_LINES = [
    "apps.accounts.setting_lines.lines",
    "apps.notices.setting_lines.lines",
    "apps.planning.setting_lines.lines",
    "apps.attachments.setting_lines.lines",
    "apps.catalog.setting_lines.lines",
    "apps.accounts.setting_lines.lines_of_systems",
    "apps.trust.setting_lines.lines",
    "apps.sources.setting_lines.lines",
    "apps.risks.setting_lines.lines",
    "apps.guidance.setting_lines.lines",
    "apps.coverage.setting_lines.lines",
    "apps.scans.setting_lines.lines",
    "apps.outbound.setting_lines.lines",
    "apps.trackers.setting_lines.lines",
    "apps.advice.setting_lines.lines",
]
# What the cards of the planning board say of value; a function (viewer, item ids) -> {id: ItemWorth}.
SECOPS_ITEM_WORTH = "apps.advice.item_worth.items_worth"
# What findings may cost, as the list of findings sorts them by: a scans.losses.Losses.
SECOPS_FINDING_LOSSES = "apps.evidence.losses.FINDING_LOSSES"
# Where people's Markdown stands: a picture that none of these names goes (apps/attachments).
SECOPS_MARKDOWN_TEXTS = [
    "catalog.System.description",
    "planning.PlanningItem.question",
    "planning.Option.description",
    "planning.Question.body",
    "planning.Answer.body",
    "planning.Recommendation.reason",
    "planning.Decision.reason",
    "guidance.Guidance.body",
    "guidance.GuidanceVersion.body",
    "guidance.Guidance.rationale",
    "guidance.GuidanceVersion.rationale",
    "risks.RiskStatement.rationale",
    "risks.RiskRevision.rationale",
    "controls.Control.description",
    "automation.Automation.description",
    "evidence.Incident.detail",
]
SECOPS_EVENT_HANDLERS = {
    "report.processed": [
        "apps.scans.receivers.on_report_processed",
        "apps.evidence.receivers.on_report_processed",
        "apps.automation.receivers.on_report_processed",
        "apps.outbound.receivers.on_event",
    ],
    "report.sorted": ["apps.evidence.receivers.on_report_sorted"],
    "rule.switched-off": ["apps.evidence.receivers.on_rule_switched_off"],
    "rule.switched-on": ["apps.evidence.receivers.on_rule_switched_on"],
    "item.referenced": ["apps.trackers.handlers.on_item_referenced"],
    "owners.changed": ["apps.scans.receivers.on_owners_changed"],
    "statement.published": [
        "apps.evidence.receivers.on_statement_published",
        "apps.notices.receivers.on_statement_published",
        "apps.outbound.receivers.on_event",
    ],
    "recommendation.made": [
        "apps.notices.receivers.on_recommendation_made",
        "apps.outbound.receivers.on_event",
    ],
    "question.asked": [
        "apps.notices.receivers.on_question_asked",
        "apps.outbound.receivers.on_event",
    ],
    "question.answered": [
        "apps.notices.receivers.on_question_answered",
        "apps.outbound.receivers.on_event",
    ],
    "decision.recorded": [
        "apps.notices.receivers.on_decision_recorded",
        "apps.trackers.handlers.on_decision_recorded",
        "apps.outbound.receivers.on_event",
    ],
    "decision.expired": [
        "apps.notices.receivers.on_decision_expired",
        "apps.trackers.handlers.on_decision_expired",
        "apps.outbound.receivers.on_event",
    ],
    "decision.undone": [
        "apps.notices.receivers.on_decision_undone",
        "apps.trackers.handlers.on_decision_undone",
        "apps.outbound.receivers.on_event",
    ],
    "statement.ended": [
        "apps.notices.receivers.on_statement_turned",
        "apps.outbound.receivers.on_event",
    ],
    "statement.reviewed": ["apps.notices.receivers.on_statement_reviewed"],
    "statement.restored": [
        "apps.controls.receivers.on_statement_restored",
        "apps.notices.receivers.on_statement_turned",
        "apps.outbound.receivers.on_event",
    ],
    "report.failed": [
        "apps.notices.receivers.on_report_failed",
        "apps.outbound.receivers.on_event",
    ],
    "source.broken": [
        "apps.notices.receivers.on_source_broken",
        "apps.outbound.receivers.on_event",
    ],
    "source.recovered": [
        "apps.notices.receivers.on_source_recovered",
        "apps.outbound.receivers.on_event",
    ],
    "series.silent": [
        "apps.notices.receivers.on_series_silent",
        "apps.outbound.receivers.on_event",
    ],
    "series.spoke": ["apps.notices.receivers.on_series_spoke", "apps.outbound.receivers.on_event"],
    "system.archived": [
        "apps.notices.receivers.on_system_archived",
        "apps.outbound.receivers.on_event",
    ],
    "system.restored": [
        "apps.notices.receivers.on_system_restored",
        "apps.outbound.receivers.on_event",
    ],
    "automation.overdue": ["apps.notices.receivers.on_automation_overdue"],
    "guidance.published": ["apps.outbound.receivers.on_event"],
    "webhook.disabled": ["apps.notices.receivers.on_webhook_disabled"],
    "tracker.failing": ["apps.notices.receivers.on_tracker_failing"],
}

# By the letters of a key: what belongs to the thing, for whoever looks for it on the audit trail, as
# {object type: numbers}. The trail lies below the apps that know.
SECOPS_AUDIT_PARTS = {
    "PI": "apps.advice.audit_parts.of_item",
    "RS": "apps.advice.audit_parts.of_statement",
}

# Keys the hashes that stand for secrets found in reports. Another value makes every one look new.
SECOPS_SECRET_SALT = env.text("SECOPS_SECRET_SALT", SECRET_KEY)

# --- the limits of untrusted input ---------------------------------------------------------------
SECOPS_RAW_ARCHIVE_DIR = env.text("SECOPS_RAW_ARCHIVE_DIR", "")
SECOPS_MAX_REPORT_BYTES = env.integer("SECOPS_MAX_REPORT_MB", 256, low=1, high=4096) * 1024 * 1024
SECOPS_MAX_COMPRESSION_RATIO = env.integer("SECOPS_MAX_COMPRESSION_RATIO", 200, low=2, high=2000)
SECOPS_MAX_FINDINGS = env.integer("SECOPS_MAX_FINDINGS", 1_000_000, low=1000, high=50_000_000)
SECOPS_INGEST_MAX_ATTEMPTS = env.integer("SECOPS_INGEST_MAX_ATTEMPTS", 20, low=1, high=1000)
SECOPS_LEASE_SECONDS = env.integer("SECOPS_LEASE_SECONDS", 30, low=1, high=3600)
SECOPS_SWEEP_SECONDS = env.integer("SECOPS_SWEEP_SECONDS", 15, low=1, high=600)
SECOPS_MAX_VEX_BYTES = env.integer("SECOPS_MAX_VEX_MB", 16, low=1, high=256) * 1024 * 1024
# Where a virus scanner listens that speaks clamd's INSTREAM: host:port, or the path of a socket. Empty: there is none.
SECOPS_CLAMD = env.text("SECOPS_CLAMD", "")
if not re.fullmatch(r"|/.+|(\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}", SECOPS_CLAMD):
    raise env.refuse("SECOPS_CLAMD must be host:port, or the path of a socket.")
# Pictures in texts; the limits a day are of one person.
SECOPS_MAX_IMAGE_BYTES = env.integer("SECOPS_MAX_IMAGE_MB", 10, low=1, high=100) * 1024 * 1024
SECOPS_IMAGES_A_DAY = env.integer("SECOPS_IMAGES_A_DAY", 200, low=1, high=100_000)
SECOPS_IMAGE_BYTES_A_DAY = (
    env.integer("SECOPS_IMAGE_MB_A_DAY", 200, low=1, high=1_000_000) * 1024 * 1024
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_PERMISSIONS = 0o600
SECOPS_CURRENCY = env.text("SECOPS_CURRENCY", "EUR")
# By how much a risk's expected loss must move for a decision on it to ask to be confirmed again.
SECOPS_MATERIAL_CHANGE_PERCENT = env.integer("SECOPS_MATERIAL_CHANGE_PERCENT", 20, low=1, high=1000)

# --- requests that leave: only through apps/common/outgoing --------------------------------------
SECOPS_OUTGOING_SCHEMES = env.words("SECOPS_OUTGOING_SCHEMES", "https")
SECOPS_OUTGOING_PORTS = env.ports("SECOPS_OUTGOING_PORTS", "443")
SECOPS_OUTGOING_HOSTS = [host.lower() for host in env.words("SECOPS_OUTGOING_HOSTS")]
SECOPS_OUTGOING_NETWORKS = env.networks("SECOPS_OUTGOING_NETWORKS")
SECOPS_OUTGOING_PROXY = env.text("SECOPS_OUTGOING_PROXY")
SECOPS_OUTGOING_PROXY_RESOLVES = env.flag("SECOPS_OUTGOING_PROXY_RESOLVES", default=False)

# --- pipelines that are trusted without a secret ---------------------------------------------------
SECOPS_OIDC_ISSUERS = env.words(
    "SECOPS_OIDC_ISSUERS", "https://token.actions.githubusercontent.com,https://gitlab.com"
)

# --- mails ----------------------------------------------------------------------------------------
# smtp://user:password@host:587, smtps:// for TLS from the start
_mail = env.mail("SECOPS_SMTP_URL")
SECOPS_MAIL_ON = bool(_mail)
EMAIL_HOST, EMAIL_PORT = _mail.get("host", ""), _mail.get("port", 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.get("user", ""), _mail.get("password", "")
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.get("ssl", False), _mail.get("starttls", False)
# A mailbox is outside the portal: unless this is on, mails say what happened and where, and quote nothing.
SECOPS_MAIL_TEXTS = env.flag("SECOPS_MAIL_TEXTS", default=False)
DEFAULT_FROM_EMAIL = env.text("SECOPS_MAIL_FROM", "SecOps Portal <secops-portal@localhost>")

# --- sources that workers pull from --------------------------------------------------------------
SECOPS_CREDENTIAL_KEYS = env.words("SECOPS_CREDENTIAL_KEYS")  # Fernet keys; the first one seals
SECOPS_PULL_FOLDERS = env.words("SECOPS_PULL_FOLDERS")
# Where EPSS scores and the KEV catalogue are fetched from; empty: an operator loads files.
SECOPS_FEED_URLS = {
    "epss": env.text("SECOPS_EPSS_URL"),
    "kev": env.text("SECOPS_KEV_URL"),
}
# Who may read /metrics: whoever sends this as a bearer token. Empty: nobody.
SECOPS_METRICS_TOKEN = env.text("SECOPS_METRICS_TOKEN")
# Whom monitoring is told of, as dotted paths of functions without arguments (apps/common/metrics.py).
SECOPS_METRICS = [
    "apps.scans.metrics.reports",
    "apps.sources.metrics.sources",
    "apps.common.metrics.outbox",
]
# What the sweeper does each round, as dotted paths of functions without arguments.
SECOPS_SWEEPS = [
    "apps.scans.services.sweep.reports_send_due",
    "apps.scans.services.triage.triages_send_due",
    "apps.scans.services.raw.raw_leftovers_delete",
    "apps.sources.services.sweep.runs_send_due",
    "apps.common.events.deliver_due",
]

# --- people --------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "apps.accounts.passwords.BreachedPasswordValidator"},
]
# SHA-1 hashes of stolen passwords, in order, one a line; beside what Django brings.
SECOPS_BREACHED_PASSWORDS = env.text("SECOPS_BREACHED_PASSWORDS")
# Words of the organisation that are no passwords, decorated or not, such as its name.
SECOPS_PASSWORD_WORDS = env.words("SECOPS_PASSWORD_WORDS")
# How often somebody may ask, as "600/minute"; empty: not counted. apps/common/rates.py
_GENEROUS = "1000000/minute"  # tests share one Redis
SECOPS_RATE_API = env.text("SECOPS_RATE_API", _GENEROUS if TESTING else "600/minute")
SECOPS_RATE_STRANGERS = env.text("SECOPS_RATE_STRANGERS", _GENEROUS if TESTING else "60/minute")
SECOPS_RATE_SIGN_IN = env.text("SECOPS_RATE_SIGN_IN", _GENEROUS if TESTING else "5/5minute")
SECOPS_RATE_SIGN_IN_ADDRESS = env.text(
    "SECOPS_RATE_SIGN_IN_ADDRESS", _GENEROUS if TESTING else "100/hour"
)
SECOPS_RATE_STORAGE_URL = env.redis("SECOPS_CACHE_URL", REDIS_URL)
# Who must have a second factor: "privileged" (security, admins, staff), "everyone", or "" for nobody.
SECOPS_SECOND_FACTOR = env.text("SECOPS_SECOND_FACTOR", "everyone" if PRODUCTION else "")
if SECOPS_SECOND_FACTOR not in {"", "privileged", "everyone"}:
    raise env.refuse("SECOPS_SECOND_FACTOR must be privileged, everyone or empty.")
# Bits that the RSA keys of issuers and sign-in providers have at least. GitHub and GitLab have 2048, which is as strong
# as 112 bits of a symmetric key; 3072 is 128 (NIST SP 800-57 part 1, table 2).
SECOPS_ISSUER_RSA_BITS = env.integer("SECOPS_ISSUER_RSA_BITS", 2048, low=2048, high=8192)
# How many days a person who is asked for one may go on without.
SECOPS_SECOND_FACTOR_DAYS = env.integer("SECOPS_SECOND_FACTOR_DAYS", 0, low=0, high=90)
# How many proxies of ours stand before the portal.
SECOPS_PROXIES = env.integer(
    "SECOPS_PROXIES", int(env.flag("SECOPS_BEHIND_PROXY", default=False)), low=0, high=10
)
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

# --- what browsers are told ----------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 60 * 60 * 12  # without a request
# After which a person signs in anew, whatever was done meanwhile (NIST SP 800-63B-4, 2.2.3).
SECOPS_SESSION_HOURS = env.integer("SECOPS_SESSION_HOURS", 24, low=1, high=720)
if HTTPS:  # browsers take these from this host alone, for all of it, and only over TLS
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
MESSAGE_STORAGE = "apps.common.flashes.Flashes"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.flag("SECOPS_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "object-src": [NONE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}

# --- language, time ------------------------------------------------------------------------------
# What machines read is English and UTC, whatever people read (apps/accounts/places.py).
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # each in its own words
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["secops_portal.formats"]
TIME_ZONE = "UTC"
# Of pages and mails for whoever has chosen nothing, and whose browser does not say.
SECOPS_LANGUAGE = env.text("SECOPS_LANGUAGE", LANGUAGE_CODE)
if SECOPS_LANGUAGE not in dict(LANGUAGES):
    raise env.refuse(
        f"SECOPS_LANGUAGE must be one of {', '.join(dict(LANGUAGES))}, not {SECOPS_LANGUAGE!r}."
    )
SECOPS_TIME_ZONE = env.zone("SECOPS_TIME_ZONE", TIME_ZONE)
USE_I18N = True
USE_TZ = True

# --- API -----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.api.authentication.TokenAuthentication",
        "apps.accounts.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.common.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "apps.common.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": [],  # each list names its filters in a serializer that refuses others
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "apps.common.api.problems.exception_handler",
    "PAGE_SIZE": 50,
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SecOps Portal API",
    "DESCRIPTION": (
        "Advice with a value, and the evidence of every DevOps stage. Errors are RFC 9457 problem "
        "details. Lists are cursor-paginated. Edits need the ETag you read (If-Match). A POST may carry "
        "an Idempotency-Key: sent again with the same key it has no second effect."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.common.api.schema.document_problems",
    ],
    # Two answers of reports hold it, one inside the other.
    "ENUM_NAME_OVERRIDES": {"ReportOutStateEnum": "apps.scans.models.ReportState"},
}

# --- logs ----------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "apps.common.logs.RequestIdFilter"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
        "json": {"()": "apps.common.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": "json" if PRODUCTION else "line",
        }
    },
    "root": {"handlers": ["console"], "level": env.text("SECOPS_LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "celery.app.trace": {"level": "WARNING"},
    },
}
