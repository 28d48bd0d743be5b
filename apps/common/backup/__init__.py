"""Backups that need nothing but this program: all rows of one moment and all raw files, in one archive.

A tar file: `tables/<name>.copy.gz` (PostgreSQL's COPY text, ordered by primary key), `files/<name>`,
and at the end `manifest.json` with counts, SHA-256 of every part and the migrations that made the
tables. The same rows always have the same digest, so a restored database can be compared.
"""
