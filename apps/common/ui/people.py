"""People in small: initials for an avatar."""


def initials(name: str) -> str:
    """Two capitals: of the first and last word, or of a single one; "?" for nobody."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    if len(words) == 1:
        return words[0][:2].upper()
    return (words[0][0] + words[-1][0]).upper()
