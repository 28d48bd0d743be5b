"""Booking: a small shop for ferry tickets. Weak on purpose; never run it outside a demo."""
from flask import Flask, jsonify

from app import config, db, fares, partners, search, sessions, tickets


def create_app(database=":memory:", settings=None):
    app = Flask(__name__)
    app.secret_key = config.SECRET_KEY
    app.config.update(DATABASE=database, TICKETS=config.TICKETS, FARES_URL=config.FARES_URL)
    app.config.update(settings or {})
    db.connect(app)
    for part in (search, tickets, partners, sessions, fares):
        app.register_blueprint(part.pages)

    @app.get("/health")
    def health():
        return jsonify(status="ok")

    return app
