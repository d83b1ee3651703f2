"""Why an operation did not do what it was asked to, in words for the person who asked."""

from collections.abc import Mapping

from django.utils.functional import Promise


class Refusal(Exception):
    """Nothing was changed. ``message`` is translated: what happened, and what to do about it."""

    def __init__(self, message: str | Promise, figures: Mapping[str, object] | None = None) -> None:
        self.message = str(message) % figures if figures else str(message)
        super().__init__(self.message)


class TokenNotAccepted(Refusal):
    """The provider did not confirm a token; ``message`` says why and that no money moved."""


class StillInUse(Refusal):
    """A provider account, or a team, cannot go while money is reserved on it."""


class LastOwner(Refusal):
    """A team is never left without an owner."""


class IsPersonal(Refusal):
    """A personal team belongs to its owner for good."""


class AlreadyThere(Refusal):
    """The address is a member's, or is invited already."""


class InvitationOver(Refusal):
    """The link opens nothing any more."""


class WrongAddress(Refusal):
    """The invitation is for somebody else."""


class NotSent(Refusal):
    """It is done, but the mail that tells of it could not be sent."""


class CannotDelete(Refusal):
    """Something has to be done before an account can be deleted; ``message`` says what."""
