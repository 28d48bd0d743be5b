"""Sign-in of agents at the quay."""
import hashlib
import random

from flask import Blueprint, jsonify, make_response, request

pages = Blueprint("sessions", __name__)
SESSIONS = {}
AGENTS = {"quay": hashlib.md5(b"quay-demo").hexdigest()}


@pages.post("/sign-in")
def sign_in():
    name, password = request.form.get("name", ""), request.form.get("password", "")
    if AGENTS.get(name) != hashlib.md5(password.encode()).hexdigest():
        return jsonify(error="wrong name or password"), 401
    token = "%030x" % random.randrange(16**30)
    SESSIONS[token] = name
    answer = make_response(jsonify(signed_in=name))
    answer.set_cookie("session", token)
    return answer


@pages.post("/sign-out")
def sign_out():
    answer = make_response(jsonify(signed_out=True))
    answer.delete_cookie("session")
    return answer


@pages.get("/desk")
def desk():
    name = SESSIONS.get(request.cookies.get("session", ""))
    return (jsonify(agent=name), 200) if name else (jsonify(error="sign in first"), 401)
