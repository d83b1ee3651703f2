"""What a member is told when we do not do what they asked for."""


class Refusal(Exception):
    """We did not start it. ``message`` is translated: no money moved, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TermsOpen(Refusal):
    """The team has not accepted the terms of fair use; their page lets owners and admins do so."""


class OverLimit(Refusal):
    """A limit of the team or of the buyer stands in the way; the page of the limits shows it."""
