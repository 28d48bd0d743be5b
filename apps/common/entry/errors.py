"""The one error of a number that cannot be read."""


class EntryError(ValueError):
    """A number that cannot be read as it was typed.

    `field` is the name of the input, `reason` why, in words without a final stop.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
