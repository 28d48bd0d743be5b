"""Crew portal: rosters and certificates. Weak on purpose; never run it outside a demo."""
from flask import Flask, jsonify

from app import accounts, certificates, roster


def create_app(settings=None):
    app = Flask(__name__)
    app.config.update(CERTIFICATES="/srv/certificates")
    app.config.update(settings or {})
    for part in (accounts, certificates, roster):
        app.register_blueprint(part.pages)

    @app.get("/health")
    def health():
        return jsonify(status="ok")

    return app
