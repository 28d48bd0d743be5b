"""`secops`: posts reports to a SecOps Portal and reads its advice. Nothing but the standard library."""

VERSION = "0.1.0"
