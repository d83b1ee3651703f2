"""Addresses of the desk, of history, of a purchase and of an account's money."""

from django.urls import URLPattern, URLResolver, include, path

from rentals.views import (
    account,
    board,
    buying,
    cards,
    chooser,
    desk,
    history,
    money,
    purchase,
    resolving,
)

app_name = "rentals"

purchase_urls = [
    path("", purchase.purchase, name="purchase"),
    path("card/", cards.card, name="card"),
    path("cancel/", cards.cancel, name="cancel"),
    path("abandon/", cards.abandon, name="abandon"),
    path("put-away/", cards.put_away, name="put_away"),
    path("again/", buying.again, name="again"),
    path("adopt/", resolving.adopt, name="adopt"),
    path("not-bought/", resolving.not_bought, name="not_bought"),
    path("write-off/", resolving.write_off, name="write_off"),
]

account_urls = [
    path("money/", account.account_money, name="account_money"),
    path("money/<int:snapshot>/explain/", account.explain_drift, name="explain_drift"),
]

team_urls: list[URLPattern | URLResolver] = [
    path("", desk.desk, name="desk"),
    path("services/", chooser.services, name="services"),
    path("offers/", chooser.offers, name="offers"),
    path("buy/", buying.buy, name="buy"),
    path("board/", board.board, name="board"),
    path("money/", money.money, name="money"),
    path("history/", history.history, name="history"),
    path("accounts/<uuid:account>/", include(account_urls)),
    path("purchases/<uuid:code>/", include(purchase_urls)),
]

urlpatterns = [path("t/<slug:team>/", include(team_urls))]
