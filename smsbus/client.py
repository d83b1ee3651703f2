"""One method for each call of the provider's."""

from __future__ import annotations

import time
from typing import Final, TypeVar

from smsbus import observing, wire
from smsbus.call import Answer, Call
from smsbus.errors import AnswerLost, NotSent
from smsbus.transport import Transport, shared
from smsbus.types import (
    Area,
    Balance,
    Country,
    Lease,
    LeasedNumber,
    LeaseSms,
    Number,
    Order,
    Page,
    Price,
    Project,
    Rows,
)

T = TypeVar("T")

DEADLINE: Final = 20.0
"""Seconds that one call may take in all."""


class Client:
    """The provider, for one token.

        client = Client(token, api_url=…, rent_url=…, refer_id="7")
        client.get_balance().balance

    A purchase goes in two steps, so that the answer can be kept before it is read:

        call = wire.get_number("5", "3", refer_id=client.refer_id)
        answer = client.send(call)      # NotSent: nothing happened. AnswerLost: it may have.
        number = call.read(answer)      # a ProviderError with outcome_unknown False: refused.

    `api_url` is the OTP base (`/api/control` included), `rent_url` the lease base (without `/v1`).
    `deadline` is the total of seconds for one call. `refer_id` goes with every number bought or
    used again. `ca_bundle` is the path of a PEM file to trust instead of certifi's.

    Every method raises only errors of the `errors` tree. Nothing is ever sent twice.
    """

    def __init__(
        self,
        token: str,
        *,
        api_url: str,
        rent_url: str,
        refer_id: str | None = None,
        deadline: float = DEADLINE,
        transport: Transport | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        self._token = token
        self.api_url = api_url
        self.rent_url = rent_url
        self.refer_id = refer_id or None
        self.deadline = deadline
        self._transport = shared(ca_bundle) if transport is None else transport

    def __repr__(self) -> str:
        return f"<Client of {self.api_url} and {self.rent_url}>"

    def send(self, call: Call[T]) -> Answer:
        """Send a call once; raises NotSent or AnswerLost. `call.read` tells what it means."""
        began = time.monotonic()
        outcome = observing.ANSWERED
        try:
            return self._transport.send(
                call,
                api_url=self.api_url,
                rent_url=self.rent_url,
                token=self._token,
                deadline=self.deadline,
            )
        except NotSent:
            outcome = observing.NOT_SENT
            raise
        except AnswerLost:
            outcome = observing.ANSWER_LOST
            raise
        finally:
            observing.tell(call.name, outcome, began)

    def _ask(self, call: Call[T]) -> T:
        return call.read(self.send(call))

    def get_balance(self) -> Balance:
        return self._ask(wire.get_balance())

    def list_countries(self) -> Rows[Country]:
        return self._ask(wire.list_countries())

    def list_projects(self) -> Rows[Project]:
        return self._ask(wire.list_projects())

    def list_prices(self, country_id: str) -> Rows[Price]:
        """Raises NoServiceInCountry."""
        return self._ask(wire.list_prices(country_id))

    def get_number(self, country_id: str, project_id: str, *, reuse: bool | None = None) -> Number:
        """Buy a number; see `wire.get_number`.

        Raises NoNumbers, TooManyWaiting, BalanceTooLow, AccountNotActivated, ServiceBlocked.
        """
        return self._ask(
            wire.get_number(country_id, project_id, refer_id=self.refer_id, reuse=reuse)
        )

    def get_sms(self, request_id: str) -> str:
        """The code or text. Raises NoSmsYet, RequestReleased."""
        return self._ask(wire.get_sms(request_id))

    def cancel(self, request_id: str) -> None:
        """Give a number back. Raises RequestClosed: look once more with `get_sms`."""
        self._ask(wire.cancel(request_id))

    def reuse(self, country_id: str, project_id: str, mobile_number: str) -> Number:
        """Buy a number again.

        Raises NoServiceInCountry, NumberDoesNotExist, CannotBeReused, NumberExpired, BalanceTooLow,
        AccountNotActivated.
        """
        return self._ask(wire.reuse(country_id, project_id, mobile_number, refer_id=self.refer_id))

    def rent_list_area(self) -> Rows[Area]:
        return self._ask(wire.rent_list_area())

    def rent_get_number(self, area_code: str, months: int) -> LeasedNumber:
        """Lease a number.

        Raises NotEnoughToLease, BalanceTooLow, AccountNotActivated, NoSuchArea, LeaseTooShort.
        """
        return self._ask(wire.rent_get_number(area_code, months))

    def rent_renew_number(self, area_code: str, mobile_number: str, months: int) -> LeasedNumber:
        """Raises BalanceTooLow, NoSuchArea, LeaseTooShort, LeaseReleased."""
        return self._ask(wire.rent_renew_number(area_code, mobile_number, months))

    def rent_cancel_order(self, order_id: str) -> None:
        """Raises OrderClosed, SmsReceived, CancelledTooOften."""
        self._ask(wire.rent_cancel_order(order_id))

    def rent_list_number(
        self,
        *,
        area_code: str | None = None,
        mobile_number: str | None = None,
        only_active: bool | None = None,
        page_num: int = 1,
        page_size: int = 10,
    ) -> Page[Lease]:
        return self._ask(
            wire.rent_list_number(
                area_code=area_code,
                mobile_number=mobile_number,
                only_active=only_active,
                page_num=page_num,
                page_size=page_size,
            )
        )

    def rent_list_order(
        self,
        *,
        area_code: str | None = None,
        mobile_number: str | None = None,
        page_num: int = 1,
        page_size: int = 10,
    ) -> Page[Order]:
        return self._ask(
            wire.rent_list_order(
                area_code=area_code,
                mobile_number=mobile_number,
                page_num=page_num,
                page_size=page_size,
            )
        )

    def rent_get_sms(self, area_code: str, mobile_number: str) -> LeaseSms | None:
        """Raises LeaseNotFound, as do the two below."""
        return self._ask(wire.rent_get_sms(area_code, mobile_number))

    def rent_list_sms(
        self, area_code: str, mobile_number: str, *, page_num: int = 1, page_size: int = 10
    ) -> Page[LeaseSms]:
        return self._ask(
            wire.rent_list_sms(area_code, mobile_number, page_num=page_num, page_size=page_size)
        )

    def rent_change_link_status(self, area_code: str, mobile_number: str, status: bool) -> bool:
        return self._ask(wire.rent_change_link_status(area_code, mobile_number, status))
