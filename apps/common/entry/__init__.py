"""Numbers the way people type them: amounts, frequencies, chances.

`reading` and `german` are pure (no framework); `fields` are the form fields made of them.
"""
