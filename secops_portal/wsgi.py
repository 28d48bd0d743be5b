"""What a WSGI server runs: secops_portal.wsgi:application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "secops_portal.settings")

django = get_wsgi_application()

from apps.common.loading import load_all  # noqa: E402  # they need the settings
from secops_portal.lanes import behind_a_door  # noqa: E402

load_all()
application = behind_a_door(django)
