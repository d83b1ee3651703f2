"""What is asked, and what each documented or seen answer means. No socket."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from smsbus import (
    Answer,
    Area,
    BadAnswer,
    Balance,
    Call,
    Country,
    Lease,
    LeasedNumber,
    LeaseSms,
    Number,
    Order,
    Page,
    Price,
    Project,
    wire,
)

API, RENT = "https://otp.example/api/control", "https://rent.example/"
NOON = datetime(2026, 2, 6, 12, 0, tzinfo=UTC)


def answer(body: str | bytes, status: int = 200, **headers: str) -> Answer:
    return Answer(status, headers, body if isinstance(body, bytes) else body.encode())


def success(call: Call, data: str) -> Any:
    return call.read(answer(f'{{"code": 200, "message": "ok", "data": {data}}}'))


def refused(call: Call, body: str, **headers: str) -> BadAnswer:
    with pytest.raises(BadAnswer) as caught:
        call.read(answer(body, **headers))
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize(
    ("call", "url"),
    [
        (wire.get_balance(), "/get/balance?"),
        (wire.list_countries(), "/list/countries?"),
        (wire.list_projects(), "/list/projects?"),
        (wire.list_prices("80"), "/list/prices?country_id=80&"),
        (wire.get_number("5", "3"), "/get/number?country_id=5&project_id=3&"),
        (
            wire.get_number("5", "3", refer_id="a&b", reuse=False),
            "/get/number?country_id=5&project_id=3&refer_id=a%26b&reuse=false&",
        ),
        (wire.get_sms("1" * 21), "/get/sms?request_id=111111111111111111111&"),
        (wire.cancel("124"), "/cancel?request_id=124&"),
        (wire.reuse("5", "3", "+1754"), "/reuse?country_id=5&project_id=3&mobile_number=1754&"),
    ],
)
def test_an_otp_call_makes_this_url(call: Call, url: str) -> None:
    assert call.url(API, RENT, "t/ken") == f"https://otp.example/api/control{url}token=t%2Fken"
    assert call.service == "otp"


@pytest.mark.parametrize(
    ("call", "url"),
    [
        (wire.rent_list_area(), "list/area?"),
        (wire.rent_get_number("CA", 2), "get/number?area_code=CA&time=2&"),
        (
            wire.rent_renew_number("CA", "514", 1),
            "renew/number?area_code=CA&mobile_number=514&time=1&",
        ),
        (wire.rent_cancel_order("26"), "cancel/order?order_id=26&"),
        (wire.rent_list_number(), "list/number?page_num=1&page_size=10&"),
        (
            wire.rent_list_number(area_code="CA", mobile_number="514", only_active=False),
            "list/number?area_code=CA&mobile_number=514&only_active=false&page_num=1&page_size=10&",
        ),
        (wire.rent_list_order(page_num=2, page_size=500), "list/order?page_num=2&page_size=500&"),
        (wire.rent_get_sms("CA", "514"), "get/sms?area_code=CA&mobile_number=514&"),
        (
            wire.rent_list_sms("CA", "514", page_num=3),
            "list/sms?area_code=CA&mobile_number=514&page_num=3&page_size=10&",
        ),
        (
            wire.rent_change_link_status("CA", "514", True),
            "change/link/status?area_code=CA&mobile_number=514&status=true&",
        ),
    ],
)
def test_a_rent_call_makes_this_url(call: Call, url: str) -> None:
    assert call.url(API, RENT, "t/ken") == f"https://rent.example/v1/rent/{url}token=t%2Fken"
    assert call.service == "rent"


def test_a_call_holds_no_token_and_limits_its_answer() -> None:
    lists = {call.name for call in wire.CALLS if call.max_body == 1024 * 1024}
    assert lists == {call.name for call in wire.CALLS if "list/" in call.name}
    assert {call.max_body for call in wire.CALLS if call.name not in lists} == {64 * 1024}
    assert len({call.name for call in wire.CALLS}) == 17


def test_balance() -> None:
    assert success(wire.get_balance(), '{"balance": 2.52, "frozen": 0}') == Balance(
        Decimal("2.52"), Decimal(0)
    )


def test_countries_and_projects_come_as_maps_or_lists() -> None:
    row = '{"id": 5, "title": "United States", "code": "US", "new": [1]}'
    for data in (f'{{"5": {row}}}', f"[{row}]"):
        assert success(wire.list_countries(), data) == (Country("5", "United States", "US"),)
    row = '{"id": "3", "title": 1688, "code": null}'
    for data in (f'{{"x": {row}}}', f"[{row}]"):
        assert success(wire.list_projects(), data) == (Project("3", "1688", ""),)


def test_prices_trust_the_row_and_never_the_key() -> None:
    row = '{"country_id": 80, "project_id": 3, "cost": 0.14, "total_count": 680}'
    for data in (f'{{"3": {row}}}', f'{{"80": {row}}}', f"[{row}]"):
        assert success(wire.list_prices("80"), data) == (Price("80", "3", Decimal("0.14"), 680),)


def test_a_row_that_cannot_be_read_is_left_out_and_counted() -> None:
    good = '{"country_id": 80, "project_id": 3, "cost": 0.14, "total_count": 680}'
    for bad in ("null", "7", "[]", "{}", good.replace("0.14", '"free"')):
        prices = success(wire.list_prices("80"), f"[{bad}, {good}, {bad}]")
        assert prices == (Price("80", "3", Decimal("0.14"), 680),)
        assert prices.skipped == 2
        with pytest.raises(BadAnswer):
            success(wire.list_prices("80"), f"[{bad}, {bad}]")
    assert success(wire.list_prices("80"), f"[{good}]").skipped == 0
    assert success(wire.list_prices("80"), "[]").skipped == 0


def test_a_price_never_becomes_a_binary_float() -> None:
    def cost(text: str) -> Decimal:
        row = f'[{{"country_id": 8, "project_id": 3, "cost": {text}, "total_count": "9"}}]'
        return success(wire.list_prices("8"), row)[0].cost

    assert str(cost("0.1")) == "0.1"
    assert cost('"1.25"') == Decimal("1.25")
    assert cost("2") == 2
    assert str(cost("0.30000000000000004")) == "0.3000"
    for nothing in ("0", "0.0", "-0.0", "1e-99999", "1e-999999999999999999", "0e99999999"):
        assert str(cost(nothing)) == "0"


@pytest.mark.parametrize(
    "cost",
    [
        *["-0.01", "1000001", "1e99999", "1e999999999999999999999", "9" * 5000],
        *["NaN", "Infinity", "-Infinity", '"NaN"', '"1e5"', '"free"', '""', "true", "null", "[]"],
    ],
)
def test_an_absurd_price_is_a_bad_answer(cost: str) -> None:
    row = f'[{{"country_id": 8, "project_id": 3, "cost": {cost}, "total_count": 1}}]'
    with pytest.raises(BadAnswer):
        success(wire.list_prices("8"), row)


@pytest.mark.parametrize(
    ("request_id", "text"),
    [
        ("124", "124"),
        ('"124"', "124"),
        ('"0124"', "0124"),
        ("123456789012345678901", "123456789012345678901"),
        ('"123456789012345678901"', "123456789012345678901"),
    ],
)
def test_an_id_is_text_of_any_length(request_id: str, text: str) -> None:
    data = f'{{"request_id": {request_id}, "number": "17548003793", "area_code": 1}}'
    assert success(wire.get_number("5", "3"), data) == Number(text, "17548003793")


def test_what_was_bought_has_an_id_and_a_number_that_can_be_kept() -> None:
    def bought(request_id: str, number: str) -> Number:
        data = json.dumps({"request_id": request_id, "number": number})
        return success(wire.get_number("5", "3"), data)

    assert bought("9" * 64, "8" * 32) == Number("9" * 64, "8" * 32)
    for ids in (("9" * 65, "8"), ("9", "8" * 33)):
        with pytest.raises(BadAnswer):
            bought(*ids)


@pytest.mark.parametrize("number", ["17548003793", '"+17548003793"'])
def test_a_number_is_text_without_plus(number: str) -> None:
    data = f'{{"request_id": 1, "number": {number}}}'
    assert success(wire.reuse("5", "3", "1"), data).number == "17548003793"


@pytest.mark.parametrize("value", ["null", '""', "0", '"0"', "-1", "1.5", "true", "[1]", '"a b"'])
def test_a_purchase_without_an_id_is_a_bad_answer_and_unknown(value: str) -> None:
    error = refused(
        wire.get_number("5", "3"),
        f'{{"code":200,"data":{{"request_id":{value},"number":"1"}}}}',
    )
    assert error.outcome_unknown
    assert not error.retry_safe


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('"429916"', "429916"),
        ('"077866"', "077866"),
        ("429916", "429916"),
        ("12.50", "12.50"),
        ('"\\u0000a\\ud800b\\udfff"', "\ufffda\ufffdb\ufffd"),
        ('"\\ud83d\\ude00 \\u202e"', "\U0001f600 \u202e"),
        ('"line\nbreak\ttab"', "line\nbreak\ttab"),
    ],
)
def test_an_sms_is_text(data: str, text: str) -> None:
    assert success(wire.get_sms("124"), data) == text


def test_an_sms_in_broken_utf8_is_not_lost() -> None:
    body = b'\xef\xbb\xbf{"code":200,"data":"\xff 429916"}'
    assert wire.get_sms("124").read(answer(body)) == "\ufffd 429916"


@pytest.mark.parametrize("data", ["null", '""', "true", "[]", "{}"])
def test_what_is_no_text_is_no_sms(data: str) -> None:
    assert refused(wire.get_sms("124"), f'{{"code":200,"data":{data}}}').retry_safe


@pytest.mark.parametrize("data", ["", ', "data": null', ', "data": "ok"'])
def test_cancel_needs_no_data(data: str) -> None:
    wire.cancel("124").read(answer(f'{{"code": 200{data}}}'))
    wire.rent_cancel_order("26").read(answer(f'{{"code": 200{data}}}'))


def test_areas_count_in_dollars() -> None:
    row = '{"area_code": "CA", "area_title": "Canada", "unit_price": 200, "min_month": 1}'
    row = row.replace("}", ', "total": 48}')
    assert success(wire.rent_list_area(), f"[{row}]") == (
        Area("CA", "Canada", Decimal("2.00"), 1, 48),
    )


def test_a_part_of_a_cent_has_no_more_decimals_than_we_store() -> None:
    row = '{"area_code": "CA", "area_title": "", "unit_price": 0.12345, "min_month": 1, "total": 1}'
    assert str(success(wire.rent_list_area(), f"[{row}]")[0].monthly_price) == "0.0012"


@pytest.mark.parametrize(
    "call", [wire.rent_get_number("CA", 1), wire.rent_renew_number("CA", "514", 1)]
)
def test_a_leased_number(call: Call) -> None:
    data = {
        "order_id": "2667702625210000003",
        "mobile_number": "5143080170",
        "dialing_code": "1",
        "area_code": "CA",
        "expire_at": "2026-02-06T12:00:00Z",
        "keep_at": "2026-02-06T14:00:00.000+02:00",
    }
    expected = LeasedNumber("2667702625210000003", "5143080170", "1", "CA", NOON, NOON)
    assert success(call, json.dumps(data)) == expected
    number = json.dumps(data | {"order_id": 2667702625210000003, "dialing_code": 1})
    assert success(call, number) == expected
    for missing in data:
        with pytest.raises(BadAnswer, match=missing):
            success(call, json.dumps(data | {missing: None}))


def page(**row: object) -> str:
    return json.dumps({"page_num": 1, "page_size": 10, "total_page": 3, "total": 21, "list": [row]})


def test_a_page_of_leases() -> None:
    data = page(
        area_code="CA",
        area_name="Canada",
        dialing_code="1",
        mobile_number="514",
        first_seen_at=None,
        expire_at="2026-02-06T12:00:00Z",
        keep_at="2026-02-06T12:00:00Z",
        auto_renew=False,
        sms_link="https://example/1",
        allow_link=1,
    )
    lease = Lease("CA", "Canada", "1", "514", None, NOON, NOON, False, "https://example/1", True)
    assert success(wire.rent_list_number(), data) == Page((lease,), 1, 10, 3, 21)


def test_a_page_of_orders() -> None:
    data = page(
        order_id="26",
        area_code="CA",
        area_name="Canada",
        dialing_code="1",
        mobile_number="514",
        rent_month=2,
        amount=455,
        status="CANCEL",
        order_at="2026-02-06T12:00:00Z",
        begin_at="",
    )
    order = Order(
        "26", "CA", "Canada", "1", "514", 2, Decimal("4.55"), "CANCEL", NOON, None, None, None
    )
    assert success(wire.rent_list_order(), data) == Page((order,), 1, 10, 3, 21)


def test_lease_sms() -> None:
    row = {"content": "Your code is 077866", "receive_at": "2026-02-06T12:00:00"}
    sms = LeaseSms("Your code is 077866", NOON)
    assert success(wire.rent_get_sms("CA", "514"), json.dumps(row)) == sms
    assert success(wire.rent_get_sms("CA", "514"), "null") is None
    assert success(wire.rent_list_sms("CA", "514"), page(**row)).items == (sms,)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("dialing_code", "+"), ("dialing_code", {}), ("mobile_number", ""), ("area_code", "-1")],
        *[("area_code", "x" * 129), ("area_name", ["Canada"]), ("area_name", 1.5)],
        *[("rent_month", -1), ("rent_month", True), ("rent_month", "two"), ("rent_month", 2**31)],
        *[("amount", None), ("amount", -1), ("amount", "2 USD"), ("order_id", 0)],
        *[("order_at", ""), ("order_at", 1770379225), ("order_at", "yesterday")],
        *[("order_at", "1999-12-31T23:59:59Z"), ("expire_at", "9999-12-31T23:59:59Z")],
        *[("order_at", "0001-01-01T00:00:00+14:00"), ("expire_at", "never"), ("keep_at", 7)],
    ],
)
def test_a_mistyped_field_is_named(field: str, value: object) -> None:
    row = {
        "order_id": "26",
        "area_code": "CA",
        "area_name": "Canada",
        "dialing_code": "1",
        "mobile_number": "514",
        "rent_month": 2,
        "amount": 455,
        "status": "COMPLETED",
        "order_at": "2026-02-06T12:00:00Z",
    }
    assert success(wire.rent_list_order(), page(**row)).total == 21
    with pytest.raises(BadAnswer, match=field):
        success(wire.rent_list_order(), page(**row | {field: value}))


@pytest.mark.parametrize("value", ['"yes"', "2", "null", "1.0"])
def test_a_status_that_is_no_boolean_is_a_bad_answer(value: str) -> None:
    with pytest.raises(BadAnswer, match="status"):
        success(wire.rent_change_link_status("CA", "514", True), value)


def test_an_empty_page_may_say_null() -> None:
    data = '{"page_num":1,"page_size":10,"total_page":0,"total":0,"list":null}'
    assert success(wire.rent_list_order(), data).items == ()
    with pytest.raises(BadAnswer, match="list"):
        success(wire.rent_list_order(), data.replace(',"list":null', ""))


@pytest.mark.parametrize(("data", "status"), [("true", True), ("false", False), ('"true"', True)])
def test_the_link_status(data: str, status: bool) -> None:
    assert success(wire.rent_change_link_status("CA", "514", status), data) is status


@pytest.mark.parametrize("code", ["200", '"200"'])
def test_the_code_is_a_number_or_a_text(code: str) -> None:
    assert wire.get_sms("1").read(answer(f'{{"code": {code}, "data": "1"}}')) == "1"


@pytest.mark.parametrize(
    "body",
    [
        *["", "null", "[]", "{}", "200", '"x"', "<html>Bad gateway</html>"],
        *['{"code": true, "data": "1"}', '{"code": null}', '{"code": 200.0}', '{"code": " 200"}'],
        *['{"code": "٢٠٠", "data": "1"}', '{"code": [200]}', '{"code": ' + "1" * 5000 + "}"],
        *['{"code": 200, "data": "1"', '{"code": 200, "data": NaN}', '{"code": 200, "data": 1e}'],
        *["[" * 100_000, '{"a":' * 100_000],
    ],
)
def test_what_is_not_the_envelope_is_a_bad_answer(body: str) -> None:
    error = refused(wire.get_sms("124"), body)
    assert error.status == 200
    assert error.retry_safe
    assert not error.outcome_unknown
    assert refused(wire.get_number("5", "3"), body).outcome_unknown


def test_a_doubled_key_counts_as_its_last() -> None:
    body = '{"code": 500, "code": 200, "data": "1", "data": "2"}'
    assert wire.get_sms("1").read(answer(body)) == "2"
