"""All mutations, by the defence that they take away."""

from tests.mutations import books, money, secrecy, sending, swaps, teams

DEFENCES = (
    swaps.COMPARE_AND_SWAP,
    money.HOLD,
    money.LIMITS,
    swaps.FENCING,
    secrecy.REDACTION,
    teams.TENANT_FILTER,
    teams.RIGHTS,
    sending.AT_MOST_ONE_SEND,
    sending.HONEST_OUTCOMES,
    books.LEASES,
    books.DRIFT,
    money.SETTLED_ONCE,
    sending.SMS_WINS,
)
