"""The database: sailings, bookings and the resellers who made them."""
import sqlite3

from flask import g

SCHEMA = """
CREATE TABLE IF NOT EXISTS sailing (id INTEGER PRIMARY KEY, port TEXT, departs TEXT, fare INTEGER, public INTEGER);
CREATE TABLE IF NOT EXISTS booking (id INTEGER PRIMARY KEY, code TEXT, surname TEXT, sailing INTEGER, reseller TEXT);
"""
SAILINGS = [
    (1, "Alderhaven", "07:30", 42, 1), (2, "Alderhaven", "11:00", 55, 1), (3, "Skerry", "09:15", 38, 1),
    (4, "Skerry", "18:40", 35, 1), (5, "Tarn Bay", "06:05", 61, 1), (6, "Drydock", "00:00", 0, 0),
]
BOOKINGS = [(1, "K7Q2MX", "Okonkwo", 1, "north-tours"), (2, "P4T9LD", "Marsh", 3, "south-travel")]


def connect(app):
    keep = sqlite3.connect(app.config["DATABASE"], check_same_thread=False)
    keep.executescript(SCHEMA)
    keep.executemany("INSERT OR IGNORE INTO sailing VALUES (?, ?, ?, ?, ?)", SAILINGS)
    keep.executemany("INSERT OR IGNORE INTO booking VALUES (?, ?, ?, ?, ?)", BOOKINGS)
    keep.commit()
    keep.row_factory = sqlite3.Row

    @app.before_request
    def hand_out():
        g.db = keep
