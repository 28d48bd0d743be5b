"""What components need in Python: words for states and the geometry of figures."""
