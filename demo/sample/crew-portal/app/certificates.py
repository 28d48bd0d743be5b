"""Certificates of competence and health."""
from pathlib import Path

from flask import Blueprint, current_app, jsonify, request

from app.accounts import person

pages = Blueprint("certificates", __name__)


@pages.get("/certificates")
def certificate():
    if not person():
        return jsonify(error="sign in first"), 401
    name = request.args.get("name", "")
    file = open(current_app.config["CERTIFICATES"] + "/" + name, "rb")
    return file.read(), 200, {"Content-Type": "application/pdf"}


@pages.get("/certificates/list")
def listing():
    return jsonify(names=sorted(p.name for p in Path(current_app.config["CERTIFICATES"]).iterdir()))
