"""Settings of the provider. Nothing here is a live value."""

PROVIDER_URL = "https://provider.example.org/v1"
PROVIDER_PASSWORD = "demo-password-not-real"
WEBHOOK_KEY = b"demo-webhook-key-not-real"
LEDGER_URL = "postgresql://ledger:demo-not-real@ledger.example.org/ledger"
