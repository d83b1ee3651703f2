"""Which class a refusal becomes, and what may safely be done after it."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from smsbus import (
    AnswerLost,
    BadAnswer,
    Call,
    NoSmsYet,
    NotSent,
    ProviderError,
    RateLimited,
    ServiceBlocked,
    SmsBusError,
    UnknownCode,
    WrongToken,
    errors,
    wire,
)
from tests.contract.documented import DOCUMENTED
from tests.smsbus.test_wire import answer

PURCHASES = {"get/number", "reuse", "rent/get/number", "rent/renew/number"}
UNDOINGS = {"cancel", "rent/cancel/order", "rent/change/link/status"}

every_call = pytest.mark.parametrize("call", wire.CALLS, ids=lambda call: call.name)


def read(call: Call, body: str, status: int = 200, **headers: str) -> SmsBusError:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(SmsBusError) as caught:
        call.read(answer(body, status, **headers))
    return caught.value


def code(number: int | str, message: str = "no") -> str:
    return f'{{"code": {number}, "message": "{message}", "data": null}}'


def test_the_documented_codes_are_those_of_the_calls() -> None:
    assert {call.name: call.codes for call in wire.CALLS} == DOCUMENTED


def test_every_documented_code_has_one_class_of_its_own() -> None:
    documented = set().union(*DOCUMENTED.values())
    assert set(errors.BY_CODE) == documented
    shared = {400, 401}, {50107, 50108}
    classes = {errors.BY_CODE[min(s)] for s in shared}
    assert len({*errors.BY_CODE.values()}) == len(documented) - 2
    assert all(len({errors.BY_CODE[c] for c in s}) == 1 for s in shared)
    assert WrongToken in classes


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    def below(cls: type) -> set[type]:
        return {cls}.union(*map(below, cls.__subclasses__()))

    assert errors.__doc__ is not None
    for cls in below(SmsBusError):
        assert f" {cls.__name__} " in errors.__doc__


@every_call
def test_a_refusal_documented_for_the_call_is_certain(call: Call) -> None:
    for number in call.codes:
        error = read(call, code(number))
        assert type(error) is errors.BY_CODE[number]
        assert isinstance(error, ProviderError)
        assert (error.code, error.message, str(error)) == (number, "no", f"{number}: no")
        assert not error.outcome_unknown
        assert error.retry_safe == isinstance(error, NoSmsYet)


@every_call
def test_a_code_documented_for_another_call_only_is_certain_for_reads_only(call: Call) -> None:
    for number in set(errors.BY_CODE) - call.codes:
        error = read(call, code(number))
        # Of two codes for a wrong token a call uses one; the other is no word about the token.
        unknown = errors.BY_CODE[number] is WrongToken
        assert type(error) is (UnknownCode if unknown else errors.BY_CODE[number])
        assert error.outcome_unknown == call.effect
        transient = not call.effect and type(error) in (NoSmsYet, UnknownCode)
        assert error.retry_safe == (transient or call.name in UNDOINGS)


@every_call
@pytest.mark.parametrize("number", [0, -1, 201, 429, 500, 50003, 999999999, '"50999"'])
def test_an_unknown_code_is_a_class_of_its_own(call: Call, number: int | str) -> None:
    error = read(call, code(number))
    assert type(error) is UnknownCode
    assert error.code == int(str(number).strip('"'))
    assert error.outcome_unknown == call.effect
    assert error.retry_safe == (call.name not in PURCHASES)


@every_call
def test_only_purchases_may_not_be_sent_again(call: Call) -> None:
    assert call.effect == (call.name in PURCHASES | UNDOINGS)
    for error in (
        call.answer_lost("reset"),
        call.bad_answer("HTML", 502),
        read(call, "", 429),
        read(call, "<html>", 502),
    ):
        assert error.retry_safe == (call.name not in PURCHASES)
        assert error.outcome_unknown == call.effect
    assert call.not_sent("refused").retry_safe
    assert not call.not_sent("refused").outcome_unknown


@every_call
@pytest.mark.parametrize("status", [100, 201, 204, 301, 302, 307, 500, 502, 503, 599])
def test_an_envelope_under_another_status_says_nothing(call: Call, status: int) -> None:
    for number in (200, *call.codes):
        error = read(call, code(number), status)
        assert type(error) is BadAnswer
        assert error.status == status


@every_call
def test_a_documented_refusal_under_an_http_4xx_is_taken(call: Call) -> None:
    for number in call.codes:
        assert type(read(call, code(number), 401)) is errors.BY_CODE[number]
        assert not read(call, code(number), 401).outcome_unknown
    for number in (200, 50999, *(set(errors.BY_CODE) - call.codes)):
        assert type(read(call, code(number), 404)) is BadAnswer


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": " 1.5 "}, 1.5),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "9" * 400}, None),
        (
            {
                "retry_after": "Fri, 06 Feb 2026 12:00:30 GMT",
                "date": "Fri, 06 Feb 2026 12:00:00 GMT",
            },
            30.0,
        ),
        ({"retry_after": "Fri, 06 Feb 2015 12:00:30 GMT"}, 0.0),
        ({"retry_after": "Fri, 06 Feb 2026 12:00:30 -0000", "date": "x"}, None),
    ],
)
def test_a_429_says_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    error = read(wire.get_sms("124"), code(50101), 429, **headers)
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds
    assert error.status == 429


@pytest.mark.parametrize(
    ("message", "until"),
    [
        ("Blocked until 2026-02-06 12:30:25", datetime(2026, 2, 6, 12, 30, 25, tzinfo=UTC)),
        ("until 2026-02-06T12:30Z, sorry", datetime(2026, 2, 6, 12, 30, tzinfo=UTC)),
        ("until 2026-02-06T12:30:25.5+02:00", datetime(2026, 2, 6, 10, 30, 25, 500000, tzinfo=UTC)),
        ("until 2026-13-46 12:30:25", None),
        ("until 0001-01-01T00:00:00+23:00", None),
        ("for 24 hours", None),
        ("", None),
    ],
)
def test_a_block_tells_its_end_if_the_message_does(message: str, until: datetime | None) -> None:
    error = read(wire.get_number("5", "3"), code(50214, message))
    assert isinstance(error, ServiceBlocked)
    assert error.until == until


@pytest.mark.parametrize("message", ["null", "7", "[]", "{}"])
def test_a_message_that_is_no_text_is_empty(message: str) -> None:
    error = read(wire.get_sms("1"), f'{{"code": 50101, "message": {message}}}')
    assert isinstance(error, NoSmsYet)
    assert (error.message, str(error)) == ("", "50101")


def test_a_long_or_unstorable_message_is_made_fit() -> None:
    error = read(wire.get_sms("1"), code(50102, "\\u0000\\ud800" + "x" * 5000))
    assert isinstance(error, ProviderError)
    assert error.message.startswith("\ufffd\ufffdx")
    assert len(error.message) == 500


@pytest.mark.parametrize(
    "error",
    [
        NotSent("refused"),
        AnswerLost("reset", outcome_unknown=True),
        wire.cancel("1").bad_answer("HTML", 502),
        ServiceBlocked(50214, "until 2026-02-06 12:30:25", retry_safe=True),
    ],
)
def test_an_error_survives_pickling(error: SmsBusError) -> None:
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert (str(twin), vars(twin)) == (str(error), vars(error))
