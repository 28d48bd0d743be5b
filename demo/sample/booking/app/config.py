"""Settings. The keys are documented example values of the cloud provider's manual, not live ones."""
import os

SECRET_KEY = "an-obviously-fake-secret-for-the-demo"
AWS_ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
AWS_SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

TICKETS = os.environ.get("TICKETS", "/var/lib/tickets")
FARES_URL = os.environ.get("FARES_URL", "http://127.0.0.1:8099/fares")
