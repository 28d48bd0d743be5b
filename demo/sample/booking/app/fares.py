"""Fares of the day from the fare service, and the timetable that planners import."""
import pickle

import requests
import yaml
from flask import Blueprint, current_app, jsonify, request

pages = Blueprint("fares", __name__)
YESTERDAY = {"Alderhaven": 42, "Skerry": 38, "Tarn Bay": 61}


@pages.get("/fares")
def fares():
    try:
        answer = requests.get(current_app.config["FARES_URL"])
        answer.raise_for_status()
        today = answer.json()
    except (requests.RequestException, ValueError):
        return jsonify(fares=YESTERDAY, source="yesterday")
    return jsonify(fares=today, source="today")


@pages.post("/timetable")
def timetable():
    table = yaml.load(request.get_data(), Loader=yaml.Loader)
    return jsonify(sailings=len(table or []))


@pages.post("/timetable/restore")
def restore():
    return jsonify(sailings=len(pickle.loads(request.get_data())))
