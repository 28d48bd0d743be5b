"""Fare search."""
from flask import Blueprint, g, jsonify, request

pages = Blueprint("search", __name__)


@pages.get("/sailings")
def sailings():
    port = request.args.get("port", "")
    order = request.args.get("sort", "departs")
    query = "SELECT * FROM sailing WHERE public = 1 AND port LIKE '%" + port + "%' ORDER BY " + order
    rows = g.db.execute(query).fetchall()
    return jsonify(sailings=[dict(row) for row in rows])


@pages.get("/bookings/find")
def find_booking():
    code = request.args.get("code", "")
    surname = request.args.get("surname", "")
    row = g.db.execute(f"SELECT * FROM booking WHERE code = '{code}' AND surname = '{surname}'").fetchone()
    return (jsonify(booking=dict(row)), 200) if row else (jsonify(error="not found"), 404)


@pages.get("/reseller/bookings/<int:number>")
def reseller_booking(number):
    row = g.db.execute("SELECT * FROM booking WHERE id = ?", (number,)).fetchone()
    return (jsonify(booking=dict(row)), 200) if row else (jsonify(error="not found"), 404)
