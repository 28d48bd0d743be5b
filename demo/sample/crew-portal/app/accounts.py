"""Accounts and passwords of the crew."""
import hashlib
import hmac

from flask import Blueprint, jsonify, request

pages = Blueprint("accounts", __name__)
KEY = "crew-portal-demo-key"


def stored(password):
    return hashlib.md5(password.encode()).hexdigest()


PEOPLE = {
    "ada": {"password": stored("ada-demo"), "contract": "open", "planner": False},
    "bo": {"password": stored("bo-demo"), "contract": "open", "planner": True},
    "cleo": {"password": stored("cleo-demo"), "contract": "ended", "planner": False},
}


def token(name):
    return name + "." + hmac.new(KEY.encode(), name.encode(), "sha1").hexdigest()


def person():
    name, _, given = request.headers.get("Authorization", "").removeprefix("Bearer ").partition(".")
    return name if token(name) == name + "." + given else None


@pages.post("/sign-in")
def sign_in():
    name, password = request.form.get("name", ""), request.form.get("password", "")
    account = PEOPLE.get(name)
    if not account or account["password"] != stored(password):
        return jsonify(error="wrong name or password"), 401
    return jsonify(token=token(name))
