"""Tickets as files, and the links that open them."""
import hashlib
import os

from flask import Blueprint, current_app, jsonify, request, send_file

pages = Blueprint("tickets", __name__)


def link_for(number):
    """A link that nobody should guess."""
    return "/tickets/download?name=" + hashlib.md5(str(number).encode()).hexdigest() + ".pdf"


@pages.get("/tickets/download")
def download():
    path = os.path.join(current_app.config["TICKETS"], request.args.get("name", ""))
    if not os.path.exists(path):
        return jsonify(error="no such ticket"), 404
    return send_file(path)


@pages.post("/tickets/<int:number>/label")
def label(number):
    printer = request.form.get("printer", "quay")
    os.system("lp -d " + printer + " label-%d.pdf" % number)
    return jsonify(printed=number)
