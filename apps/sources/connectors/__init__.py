"""Connectors: each knows one kind of place and turns what is there into reports.

They know the guarded client and their own kind, no models and no database (docs/add-a-connector.md).
"""
