"""The provider's answer codes and the exception that carries one out of the rules.

Source: the table "Error codes" of the provider's documentation. The wording of each message is
a guess (``docs/provider-assumptions.md``); clients must go by the code alone.
"""

SUCCESS = 200
SUCCESS_MESSAGE = "Operation Success"

WRONG_TOKEN_ON_REUSE = 400
WRONG_TOKEN = 401
LEASE_NOT_FOUND = 404
NO_SERVICE_FOR_COUNTRY = 50001
NO_NUMBER = 50002
NOT_ENOUGH_NUMBERS = 50004
ORDER_CLOSED = 50005
UNKNOWN_NUMBER = 50007
NO_SMS_YET = 50101
RELEASED = 50102
REQUEST_CLOSED = 50103
TOO_MANY_WAITING = 50104
NOT_REUSABLE = 50107
NOT_REUSABLE_NOW = 50108
NUMBER_EXPIRED = 50109
BALANCE_NOT_ENOUGH = 50201
NOT_ACTIVATED = 50208
BLOCKED = 50214
NO_SUCH_AREA = 50401
LEASE_TOO_SHORT = 50402
SMS_RECEIVED = 50403
LEASE_RELEASED = 50404
CANCELLED_TOO_OFTEN = 50405

MESSAGES = {
    WRONG_TOKEN_ON_REUSE: "Wrong token",
    WRONG_TOKEN: "Wrong token",
    LEASE_NOT_FOUND: "Lease not found",
    NO_SERVICE_FOR_COUNTRY: "There is no service for this country",
    NO_NUMBER: "No number available",
    NOT_ENOUGH_NUMBERS: "Not enough numbers to lease",
    ORDER_CLOSED: "The order has been closed",
    UNKNOWN_NUMBER: "The number does not exist",
    NO_SMS_YET: "The SMS has not been received yet",
    RELEASED: "The number has been released or timed out",
    REQUEST_CLOSED: "The request has been closed",
    TOO_MANY_WAITING: "Too many waiting requests",
    NOT_REUSABLE: "The number cannot be reused",
    NOT_REUSABLE_NOW: "The number cannot be reused now",
    NUMBER_EXPIRED: "The number has expired",
    BALANCE_NOT_ENOUGH: "The balance is not enough",
    NOT_ACTIVATED: "The account is not activated, follow the link in your mailbox",
    BLOCKED: "You are blocked from this service for 24 hours",
    NO_SUCH_AREA: "There is no such area",
    LEASE_TOO_SHORT: "The minimum lease time is not met",
    SMS_RECEIVED: "An SMS was received, the order cannot be cancelled",
    LEASE_RELEASED: "The number has been released and cannot be renewed",
    CANCELLED_TOO_OFTEN: "This number has been cancelled 3 times already",
}


class Refusal(Exception):
    """The provider says no: ``code`` from the table above and a message for people."""

    def __init__(self, code: int, message: str | None = None) -> None:
        self.code = code
        self.message = message or MESSAGES[code]
        super().__init__(f"{code}: {self.message}")
