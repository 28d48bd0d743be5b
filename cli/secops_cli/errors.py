"""What goes wrong, as sentences for the log of a job."""


class WrongUse(Exception):
    """Something is missing or contradicts itself; the caller can mend it. Exit code 2."""


class Trouble(Exception):
    """The portal refused, failed, or cannot be reached. Exit code 3."""


class Unreachable(Trouble):
    """The network, or a server that is busy: worth another try."""

    def __init__(self, text: str, wait: float | None = None) -> None:
        super().__init__(text)
        self.wait = wait  # seconds that the server asked for


class Refused(Trouble):
    """An answer that says no. `code` is the problem's, empty when it is not a problem document."""

    def __init__(self, text: str, status: int, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code
