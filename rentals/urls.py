"""Addresses of the desk, of leases, of history, of limits, of a purchase, of money, of the provider."""

from django.urls import URLPattern, URLResolver, include, path

from rentals.views import (
    account,
    board,
    buying,
    cards,
    chooser,
    desk,
    explaining,
    history,
    keeping,
    lease,
    leases,
    limits,
    money,
    provider,
    purchase,
    resolving,
    retention,
    revealing,
    trips,
    winding_up,
)

app_name = "rentals"

purchase_urls = [
    path("", purchase.purchase, name="purchase"),
    path("card/", cards.card, name="card"),
    path("cancel/", cards.cancel, name="cancel"),
    path("abandon/", cards.abandon, name="abandon"),
    path("put-away/", cards.put_away, name="put_away"),
    path("again/", buying.again, name="again"),
    path("keep/", keeping.keep, name="keep"),
    path("adopt/", resolving.adopt, name="adopt"),
    path("not-bought/", resolving.not_bought, name="not_bought"),
    path("write-off/", resolving.write_off, name="write_off"),
]

lease_urls = [
    path("", lease.lease, name="lease"),
    path("renewal/", lease.renewal, name="renewal"),
    path("renew/", lease.renew, name="renew_lease"),
    path("cancel/", lease.cancel, name="cancel_lease"),
    path("link/", lease.link, name="lease_link"),
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
    path("star/", trips.star, name="star"),
    path("board/", board.board, name="board"),
    path("money/", money.money, name="money"),
    path("provider/", provider.provider, name="provider"),
    path("provider/notice/", provider.notice, name="provider_notice"),
    path("history/", history.history, name="history"),
    path("limits/", limits.limits, name="limits"),
    path("limits/team/", limits.set_limits, name="set_team_limits"),
    path("limits/<int:user_id>/", limits.set_limits, name="set_member_limits"),
    path("open/cancel/", winding_up.cancel_open, name="cancel_open"),
    path("retention/", retention.retention, name="retention"),
    path("retention/private/", revealing.set_private_messages, name="set_private_messages"),
    path("messages/<int:message>/reveal/", revealing.reveal, name="reveal"),
    path("leases/", leases.leases, name="leases"),
    path("leases/areas/", leases.areas, name="areas"),
    path("leases/new/", leases.lease_number, name="lease_number"),
    path("leases/<uuid:lease>/", include(lease_urls)),
    path("accounts/<uuid:account>/", include(account_urls)),
    path("purchases/<uuid:code>/", include(purchase_urls)),
]

urlpatterns = [
    path("help/", explaining.help_page, name="help"),
    path("t/<slug:team>/", include(team_urls)),
]
