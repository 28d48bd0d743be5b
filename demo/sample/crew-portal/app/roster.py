"""Rosters."""
import subprocess

from flask import Blueprint, jsonify, request

from app.accounts import person

pages = Blueprint("roster", __name__)
ROSTERS = {"ada": ["07:30 Alderhaven"], "bo": ["09:15 Skerry"], "cleo": []}


@pages.get("/roster/<name>")
def roster(name):
    if not person():
        return jsonify(error="sign in first"), 401
    return jsonify(roster=ROSTERS.get(name, []))


@pages.post("/roster/export")
def export():
    kind = request.form.get("kind", "csv")
    made = subprocess.run("echo roster." + kind, shell=True, capture_output=True, text=True)
    return jsonify(file=made.stdout.strip())
