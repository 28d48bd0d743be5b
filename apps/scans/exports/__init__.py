"""Findings as files for other programs: CSV, SARIF, OpenVEX and CycloneDX VEX, row by row."""
