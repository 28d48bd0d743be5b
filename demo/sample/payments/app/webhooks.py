"""What the provider tells us about payments."""
from flask import Blueprint, jsonify, request

pages = Blueprint("webhooks", __name__)
SENDERS = {"192.0.2.10", "192.0.2.11"}
PAID = set()


@pages.post("/webhooks/provider")
def notify():
    sender = request.headers.get("X-Forwarded-For", request.remote_addr)
    if sender not in SENDERS:
        return jsonify(error="unknown sender"), 403
    event = request.get_json(force=True)
    if event.get("type") == "payment.succeeded":
        PAID.add(event["booking"])
    return jsonify(received=True)


@pages.get("/paid/<booking>")
def paid(booking):
    return jsonify(paid=booking in PAID)
