"""Payments: charges, refunds and the provider's notifications. Weak on purpose; never run it outside a demo."""
from flask import Flask, jsonify

from app import refunds, webhooks


def create_app(settings=None):
    app = Flask(__name__)
    app.config.update(settings or {})
    app.register_blueprint(webhooks.pages)
    app.register_blueprint(refunds.pages)

    @app.get("/health")
    def health():
        return jsonify(status="ok")

    return app
