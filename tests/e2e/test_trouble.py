"""What happens on the page when something goes wrong, and what it says about the money."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.e2e.conftest import PATIENCE
from tests.e2e.desk import Desk, digits
from tests.e2e.provider import DEMO_TOKEN, Provider

pytestmark = pytest.mark.e2e

LOST = "Live updates are lost"
NOTHING_MOVED = "no money moved"


def test_a_code_that_came_while_the_stream_was_cut_is_there_without_a_reload(
    desk: Desk, provider: Provider
) -> None:
    desk.watcher.forgive("ERR_INTERNET_DISCONNECTED|htmx:(sendError|afterRequest)")
    desk.choose("Telegram")
    card = desk.buy("Spain")
    desk.page.evaluate("window.notReloaded = true")

    desk.page.context.set_offline(True)
    provider.deliver(digits(card), "Telegram code: 40817")
    expect(desk.page.locator("#live-state")).to_contain_text(LOST)
    expect(card.locator(".code")).to_have_count(0)
    desk.page.context.set_offline(False)

    expect(card.locator(".code")).to_have_text("40817")
    expect(desk.page.locator("#live-state")).to_be_empty()
    assert desk.page.evaluate("window.notReloaded")


def test_a_double_click_buys_once(desk: Desk, provider: Provider) -> None:
    desk.choose("Paypal")
    sold, cards = len(provider.books()), desk.cards.count()

    desk.offer("Japan").get_by_role("button", name="Buy for").dblclick()

    expect(desk.cards).to_have_count(cards + 1)
    expect(desk.cards.first.locator(".line-number .digits")).to_be_visible()
    assert len(provider.books()) == sold + 1


def test_the_same_form_sent_twice_buys_once(desk: Desk, provider: Provider) -> None:
    desk.choose("Paypal")
    sold, cards = len(provider.books()), desk.cards.count()
    form = desk.offer("Spain").locator("form.buy")

    # Past the button that disables itself: as a browser does that sends a request again.
    answers = form.evaluate(
        """async (form) => {
          const send = () => fetch(form.action, { method: "POST", body: new FormData(form) });
          return (await Promise.all([send(), send(), send()])).map((answer) => answer.status);
        }"""
    )

    assert answers == [200, 200, 200]
    expect(desk.cards).to_have_count(cards + 1)
    expect(desk.cards.first.locator(".line-number .digits")).to_be_visible()
    assert len(provider.books()) == sold + 1


def test_a_price_that_rose_needs_a_second_click(desk: Desk, provider: Provider) -> None:
    desk.choose("Amazon")
    sold, before, reserved = len(provider.books()), desk.top_card_id(), desk.money("Reserved")
    provider.set_offer("Amazon", "Canada", cost="0.95")

    desk.press("Canada")

    card = desk.card_after(before)
    expect(card).to_contain_text("The price is now $0.95; the button said $0.47.")
    expect(card).to_contain_text(NOTHING_MOVED)
    expect(desk.figure("Reserved")).to_have_text(f"${reserved}")
    assert len(provider.books()) == sold

    card.get_by_role("button", name="Buy for $0.95").click()

    bought = desk.card_after(str(card.get_attribute("id")))
    expect(bought.locator(".line-number .digits")).to_be_visible()
    assert Decimal(provider.books()[-1]["amount"]) == Decimal("0.95")


def test_cancel_gives_the_money_back(desk: Desk, provider: Provider) -> None:
    desk.choose("Netflix")
    reserved = desk.money("Reserved")
    card = desk.buy("Germany")

    card.get_by_role("button", name="Cancel").click()

    expect(card).to_contain_text("Cancelled; $0.51 was given back.")
    expect(desk.figure("Reserved")).to_have_text(f"${reserved}")
    assert provider.books()[-1]["state"] == "released"


def test_a_number_is_used_again(desk: Desk, provider: Provider) -> None:
    desk.choose("Instagram")
    card = desk.buy("Canada")
    number = digits(card)
    provider.deliver(number, "111222 is your Instagram code")
    expect(card.locator(".code")).to_have_text("111222")
    before = desk.top_card_id()

    card.get_by_role("button", name="Use again").click()

    second = desk.card_after(before)
    expect(second.locator(".line-number .digits")).to_be_visible()
    assert digits(second) == number
    provider.deliver(number, "333444 is your Instagram code")
    expect(second.locator(".code")).to_have_text("333444")
    expect(card.locator(".code")).to_have_text("111222")


def test_what_is_sold_out_is_refused_in_plain_words(desk: Desk, provider: Provider) -> None:
    desk.choose("Google")
    before, sold = desk.top_card_id(), len(provider.books())
    provider.set_offer("Google", "Germany", stock=0)

    desk.press("Germany")

    card = desk.card_after(before)
    expect(card).to_contain_text("no number left there at the moment")
    expect(card).to_contain_text(NOTHING_MOVED)
    assert len(provider.books()) == sold


def test_a_balance_that_is_too_low_is_said_in_plain_words(desk: Desk, provider: Provider) -> None:
    desk.choose("Google")
    before, reserved = desk.top_card_id(), desk.money("Reserved")
    [account] = provider.look("accounts")
    balance = Decimal(account["balance"])
    provider.control("top_up", token=DEMO_TOKEN, amount=str(-balance))
    try:
        desk.press("Spain")
        card = desk.card_after(before)
        expect(card).to_contain_text("The balance at the provider is not enough.")
        expect(card).to_contain_text(NOTHING_MOVED)
        expect(desk.figure("Reserved")).to_have_text(f"${reserved}")
    finally:
        provider.control("top_up", token=DEMO_TOKEN, amount=str(balance))


def test_an_outcome_that_nobody_knows_is_not_sent_again(desk: Desk, provider: Provider) -> None:
    desk.choose("Microsoft")
    before, sent = desk.top_card_id(), provider.count("get/number")
    reserved = desk.money("Reserved")
    provider.control("fault", call="get/number", kind="reset", applied=True)

    desk.press("Spain")

    card = desk.card_after(before)
    expect(card).to_contain_text("its answer did not arrive")
    expect(desk.figure("Reserved")).to_have_text(f"${reserved + Decimal('0.54')}")
    assert provider.count("get/number") == sent + 1


def test_what_somebody_types_about_an_unknown_outcome_survives_live_changes(
    desk: Desk, provider: Provider
) -> None:
    desk.watcher.forgive("ERR_INTERNET_DISCONNECTED|htmx:(sendError|afterRequest)")
    desk.choose("Microsoft")
    before = desk.top_card_id()
    provider.control("fault", call="get/number", kind="reset", applied=True)
    desk.press("Spain")
    card = desk.card_after(before)
    expect(card).to_contain_text("its answer did not arrive")

    card.get_by_role("link", name="What is known about it").click()
    desk.wait_until_live()
    request_id = desk.page.get_by_label("Request ID")
    request_id.press_sequentially("4081")
    heading = desk.page.get_by_role("heading", name="What an unknown outcome means")
    heading.evaluate("(element) => { element.dataset.seen = '' }")
    desk.page.context.set_offline(True)
    expect(desk.page.locator("#live-state")).to_contain_text(LOST)
    desk.page.context.set_offline(False)

    expect(heading).not_to_have_attribute("data-seen", "")  # it was read again
    expect(request_id).to_have_value("4081")

    elsewhere = desk.page.context.new_page()
    elsewhere.goto(desk.page.url)
    elsewhere.get_by_role("button", name="Not bought").click()

    expect(desk.page.locator("#decide")).to_have_count(0)
    expect(desk.page.get_by_role("main")).to_contain_text("the provider sold nothing")


def test_a_button_that_nobody_answered_says_so_and_may_be_pressed_again(
    desk: Desk, provider: Provider
) -> None:
    desk.watcher.forgive("ERR_INTERNET_DISCONNECTED|htmx:(sendError|afterRequest)")
    desk.choose("Paypal")
    cards, sold = desk.cards.count(), len(provider.books())
    trouble = desk.page.locator("#trouble")

    desk.page.context.set_offline(True)
    desk.press("Spain")
    expect(trouble).to_contain_text("Busstop did not answer.")
    expect(trouble).to_contain_text("does it no second time")
    desk.page.context.set_offline(False)
    desk.press("Spain")

    expect(desk.cards).to_have_count(cards + 1)
    expect(trouble).to_be_hidden()
    assert len(provider.books()) == sold + 1


def test_a_request_that_is_refused_says_what_its_page_would_have_said(desk: Desk) -> None:
    desk.watcher.forgive("404")
    desk.choose("Paypal")
    account = desk.offer("Spain").locator("[name=account]")
    account.evaluate("(field) => { field.value = crypto.randomUUID() }")  # as one removed meanwhile
    trouble = desk.page.locator("#trouble")

    desk.press("Spain")

    expect(trouble).to_contain_text("There is no such stop")
    expect(trouble).to_contain_text("No money moved.")
    trouble.get_by_role("button", name="Close").click()
    expect(trouble).to_be_hidden()
    desk.press("Spain")
    expect(trouble).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(trouble).to_be_hidden()


@pytest.mark.parametrize("is_refused", [False, True], ids=["bought", "refused"])
def test_a_row_that_is_replaced_while_its_purchase_is_on_its_way(
    desk: Desk, provider: Provider, is_refused: bool
) -> None:
    desk.choose("Paypal")
    desk.buy("Spain")
    desk.page.get_by_role("link", name="Other service").click()
    trip = desk.page.locator("#at-hand .offer", has_text="Paypal").first
    cards, sold = desk.cards.count(), len(provider.books())
    if is_refused:
        trip.locator("[name=quoted]").evaluate("(field) => { field.value = '0.01' }")
    held: dict[str, Route] = {}
    desk.page.route("**/offers/**", lambda route: held.setdefault("choose", route))
    desk.page.route("**/buy/", lambda route: held.setdefault("buy", route))

    with desk.page.expect_request("**/offers/**"):
        trip.get_by_role("link").click()
    with desk.page.expect_request("**/buy/"):
        trip.get_by_role("button", name="Buy for").click()
    held["choose"].continue_()
    expect(desk.page.get_by_role("heading", name="Paypal", exact=True)).to_be_visible()
    held["buy"].continue_()

    trouble = desk.page.locator("#trouble")
    if is_refused:
        expect(trouble).to_contain_text("not $0.01. Nothing was bought")
        desk.page.unroute("**/buy/")
        trouble.get_by_role("button", name="Buy for").click()
    expect(desk.cards).to_have_count(cards + 1)
    expect(trouble).to_be_hidden()
    expect(desk.cards.first.locator(".line-number .digits")).to_be_visible()
    assert len(provider.books()) == sold + 1


def test_a_card_that_is_asked_for_while_it_is_replaced_leaves_the_focus_alone(desk: Desk) -> None:
    desk.choose("Microsoft")
    card = desk.buy("Spain")
    desk.wait_until_live()
    held: list[Route] = []
    desk.page.route("**/card/", lambda route: route.continue_() if held else held.append(route))
    signal = f"live:purchase:{card.get_attribute('data-purchase')}"

    desk.page.evaluate("(name) => document.body.dispatchEvent(new Event(name))", signal)
    # A signal of the purchase itself may have asked first; then that is the answer that comes late.
    for _ in range(PATIENCE // 50):
        if held:
            break
        desk.page.wait_for_timeout(50)
    card.get_by_role("button", name="Cancel").focus()
    desk.page.keyboard.press("Enter")
    expect(card).to_contain_text("was given back")
    expect(card.locator(":focus")).to_have_count(1)
    with desk.page.expect_response("**/card/"):
        held[0].continue_()
    desk.page.wait_for_timeout(200)  # longer than htmx takes to settle

    expect(card).to_contain_text("was given back")
    expect(card.locator(":focus")).to_have_count(1)
    expect(desk.page.locator("#trouble")).to_be_hidden()


def press_and_draw_anew(
    desk: Desk,
    button: Locator,
    place: Locator,
    signal: str,
    answer: Callable[[Route], None] = Route.continue_,
) -> None:
    """Press it; its answer comes when the stream has had its place read again, which is still as it was."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    desk.page.route("**/*", hold)
    button.focus()
    with desk.page.expect_request(lambda request: request.method == "POST"):
        desk.page.keyboard.press("Enter")
    place.evaluate("(element) => { element.dataset.seen = '' }")
    desk.page.evaluate("(name) => document.body.dispatchEvent(new Event(name))", signal)
    expect(place).not_to_have_attribute("data-seen", "")
    expect(button).to_be_focused()
    answer(held[0])
    desk.page.unroute("**/*")


def test_an_answer_whose_place_was_drawn_anew_keeps_the_focus_near(desk: Desk) -> None:
    desk.choose("Microsoft")
    card, board = desk.buy("Spain"), desk.page.locator("#board")
    desk.wait_until_live()
    cancel, put_away = (card.get_by_role("button", name=name) for name in ("Cancel", "Put away"))

    press_and_draw_anew(desk, cancel, card, f"live:purchase:{card.get_attribute('data-purchase')}")
    expect(card).to_contain_text("was given back")
    expect(card.locator(":focus")).to_have_count(1)

    press_and_draw_anew(desk, put_away, board, "live:board")
    expect(card).to_have_count(0)
    expect(board).to_be_focused()
    expect(desk.page.locator("#trouble")).to_be_hidden()


def test_what_failed_is_said_also_where_its_place_was_drawn_anew(desk: Desk) -> None:
    desk.watcher.forgive("500|htmx:(responseError|afterRequest)")
    desk.choose("Microsoft")
    card = desk.buy("Spain")
    desk.wait_until_live()
    cancel = card.get_by_role("button", name="Cancel")
    signal = f"live:purchase:{card.get_attribute('data-purchase')}"

    press_and_draw_anew(desk, cancel, card, signal, lambda press: press.fulfill(status=500))

    trouble = desk.page.locator("#trouble")
    expect(trouble).to_be_visible()
    failed = str(trouble.get_attribute("data-failed"))
    assert failed
    expect(trouble).to_contain_text(failed)
    expect(cancel).to_be_focused()
    cancel.press("Enter")
    expect(card).to_contain_text("was given back")
    expect(trouble).to_be_hidden()
