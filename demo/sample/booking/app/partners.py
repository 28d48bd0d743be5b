"""Pictures that ports and resellers show: webcams and logos."""
import requests
from flask import Blueprint, Response, jsonify, request

pages = Blueprint("partners", __name__)


@pages.get("/partners/picture")
def picture():
    address = request.args.get("url", "")
    try:
        answer = requests.get(address, verify=False)
    except requests.RequestException as error:
        return jsonify(error=str(error)), 502
    return Response(answer.content, content_type=answer.headers.get("Content-Type", "image/jpeg"))


@pages.get("/partners/hello")
def hello():
    name = request.args.get("name", "partner")
    return Response("<h1>Welcome, " + name + "</h1>", content_type="text/html")
