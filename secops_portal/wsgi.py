"""What a WSGI server runs: secops_portal.wsgi:application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "secops_portal.settings")

application = get_wsgi_application()

from apps.common.loading import load_all  # noqa: E402  # it needs the settings

load_all()
