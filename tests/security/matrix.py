"""The access matrix: every route of the site and what each kind of visitor gets there.

A row is the answer to GET and to POST, a letter for each of ``world.VISITORS``: anonymous, no team,
other team, viewer, member, admin, owner, staff.

=  =======================================================
y  answers (a page, what a form has to say, or a redirect)
L  asked to sign in
-  404: learns nothing, not even whether the team exists
x  403
m  405: not by this method
=  =======================================================

**A new URL** gets one line in the dictionary of its app below: the route as it is written in the
``urls.py`` files, joined, and what GET and POST answer, ``(PAGE, NOT)`` or a name of both. A new model in
the admin gets one line in ``ADMIN_MODELS``. A new kind of thing in an address (``<uuid:invitation>``)
or in the admin is made in ``make_things()`` in ``world.py``. Write what *should* be: where the suite
then says otherwise, the product is wrong.
"""

ANYONE = "yyyyyyyy"
SIGNED_IN = "Lyyyyyyy"
SEES = "L--yyyy-"
BUYS = "L--xyyy-"
MANAGES = "L--xxyy-"
OWNS = "L--xxxy-"
NOT_ANYONE = "mmmmmmmm"
NOT = "Lmmmmmmm"
GONE = "--------"
NOBODY_HAS = "L-------"
FACTOR_OF_STAFF = "L------y"

# What GET and POST answer, for the usual kinds of address.
PAGE = (SEES, NOT)
BUYERS_PAGE = (BUYS, NOT)
BUYING = (NOT, BUYS)
MANAGING = (NOT, MANAGES)
MANAGERS_PAGE = (MANAGES, MANAGES)

SIGNING_IN = {
    "accounts/login/": (ANYONE, ANYONE),
    "accounts/logout/": (ANYONE, ANYONE),
    "accounts/inactive/": (ANYONE, NOT_ANYONE),
    "accounts/signup/": (ANYONE, ANYONE),
    "accounts/reauthenticate/": (SIGNED_IN, SIGNED_IN),
    "accounts/email/": (SIGNED_IN, SIGNED_IN),
    "accounts/confirm-email/": (ANYONE, NOT_ANYONE),
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": (ANYONE, GONE),
    "accounts/password/change/": (SIGNED_IN, SIGNED_IN),
    "accounts/password/set/": (SIGNED_IN, SIGNED_IN),
    "accounts/password/reset/": (ANYONE, ANYONE),
    "accounts/password/reset/done/": (ANYONE, NOT_ANYONE),
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (ANYONE, ANYONE),
    "accounts/password/reset/key/done/": (ANYONE, NOT_ANYONE),
    "accounts/login/code/confirm/": (ANYONE, ANYONE),
    "accounts/sessions/": (SIGNED_IN, SIGNED_IN),
    "accounts/2fa/": (SIGNED_IN, NOT),
    "accounts/2fa/authenticate/": (ANYONE, ANYONE),
    "accounts/2fa/reauthenticate/": (SIGNED_IN, SIGNED_IN),
    "accounts/2fa/totp/activate/": (SIGNED_IN, SIGNED_IN),
    "accounts/2fa/totp/deactivate/": (FACTOR_OF_STAFF, FACTOR_OF_STAFF),
    "accounts/2fa/recovery-codes/": (NOBODY_HAS, NOT),
    "accounts/2fa/recovery-codes/download/": (NOBODY_HAS, NOBODY_HAS),
    "accounts/2fa/recovery-codes/generate/": (SIGNED_IN, SIGNED_IN),
    "accounts/2fa/webauthn/": (SIGNED_IN, NOT),
    "accounts/2fa/webauthn/add/": (SIGNED_IN, SIGNED_IN),
    "accounts/2fa/webauthn/login/": (ANYONE, ANYONE),
    "accounts/2fa/webauthn/reauthenticate/": (SIGNED_IN, SIGNED_IN),
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": (NOBODY_HAS, NOBODY_HAS),
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": (NOBODY_HAS, NOBODY_HAS),
}
PROBES = {
    "healthz": (ANYONE, NOT_ANYONE),
    "readyz": (ANYONE, NOT_ANYONE),
    "metrics": (GONE, NOT_ANYONE),  # as long as METRICS_TOKEN is not set
}
PEOPLE = {
    "": (ANYONE, NOT_ANYONE),
    "demo/": (NOT_ANYONE, ANYONE),
    "me/": (SIGNED_IN, SIGNED_IN),
    "me/data/": (NOT, SIGNED_IN),
    "me/delete/": (SIGNED_IN, SIGNED_IN),
    "me/sessions/end-others/": (NOT, SIGNED_IN),
    "me/sessions/<int:session>/end/": (NOT, NOBODY_HAS),
    "appearance/": (NOT_ANYONE, ANYONE),
    "me/alerts/": (NOT, SIGNED_IN),
    "terms/": (ANYONE, NOT_ANYONE),
    "help/": (ANYONE, NOT_ANYONE),
    "teams/new/": (SIGNED_IN, SIGNED_IN),
    # The link of a mail; it is no visitor's address, so nobody but a stranger gets further.
    "invitations/<str:token>/": (ANYONE, "yxxxxxxx"),
}
TEAMS = {
    "t/<slug:team>/team/": PAGE,
    "t/<slug:team>/team/<int:user_id>/role/": MANAGING,
    "t/<slug:team>/team/<int:user_id>/remove/": MANAGERS_PAGE,
    "t/<slug:team>/team/rename/": MANAGING,
    "t/<slug:team>/team/transfer/": (OWNS, OWNS),
    "t/<slug:team>/team/delete/": (OWNS, OWNS),
    "t/<slug:team>/team/invitations/": MANAGING,
    "t/<slug:team>/team/invitations/<uuid:invitation>/resend/": MANAGING,
    "t/<slug:team>/team/invitations/<uuid:invitation>/revoke/": MANAGING,
    "t/<slug:team>/terms/": PAGE,
    "t/<slug:team>/terms/accept/": MANAGING,
    "t/<slug:team>/team/second-factor/": (NOT, OWNS),
    "t/<slug:team>/audit/": (MANAGES, NOT),
    "t/<slug:team>/audit/export/": MANAGING,
    "t/<slug:team>/accounts/": PAGE,
    "t/<slug:team>/accounts/add/": (BUYS, BUYS),
    "t/<slug:team>/accounts/<uuid:account>/": MANAGERS_PAGE,
    "t/<slug:team>/accounts/<uuid:account>/check/": MANAGING,
    "t/<slug:team>/accounts/<uuid:account>/remove/": MANAGING,
}
CATALOGUE = {
    "t/<slug:team>/prices/": PAGE,
    "t/<slug:team>/prices/<int:offer>/": PAGE,
    "t/<slug:team>/catalogue/refresh/": BUYING,
}
# What is told to one member nobody else finds, not even an owner; tests/notify has those it is for.
NOTIFY = {
    "me/notifications/": (SIGNED_IN, SIGNED_IN),
    "t/<slug:team>/notifications/": PAGE,
    "t/<slug:team>/notifications/bell/": PAGE,
    "t/<slug:team>/notifications/read/": (NOT, SEES),
    "t/<slug:team>/notifications/<int:notification>/open/": (NOT, NOBODY_HAS),
    "t/<slug:team>/alerts/": PAGE,
    "t/<slug:team>/alerts/new/": (NOT, SEES),
    "t/<slug:team>/alerts/<int:alert>/pause/": (NOT, NOBODY_HAS),
    "t/<slug:team>/alerts/<int:alert>/arm/": (NOT, NOBODY_HAS),
    "t/<slug:team>/alerts/<int:alert>/delete/": (NOT, NOBODY_HAS),
}
RENTALS = {
    "t/<slug:team>/": PAGE,
    "t/<slug:team>/live-ticket/": (SEES, NOT_ANYONE),
    "t/<slug:team>/services/": PAGE,
    "t/<slug:team>/offers/": PAGE,
    "t/<slug:team>/board/": PAGE,
    "t/<slug:team>/money/": PAGE,
    "t/<slug:team>/provider/": PAGE,
    "t/<slug:team>/provider/notice/": PAGE,
    "t/<slug:team>/accounts/<uuid:account>/money/": BUYERS_PAGE,
    "t/<slug:team>/accounts/<uuid:account>/money/<int:snapshot>/explain/": MANAGING,
    "t/<slug:team>/history/": PAGE,
    "t/<slug:team>/retention/": (SEES, MANAGES),
    "t/<slug:team>/retention/private/": MANAGING,
    "t/<slug:team>/messages/<int:message>/reveal/": MANAGING,
    "t/<slug:team>/leases/": PAGE,
    "t/<slug:team>/leases/areas/": PAGE,
    "t/<slug:team>/leases/new/": BUYING,
    "t/<slug:team>/leases/<uuid:lease>/": PAGE,
    "t/<slug:team>/leases/<uuid:lease>/renewal/": BUYERS_PAGE,
    "t/<slug:team>/leases/<uuid:lease>/renew/": BUYING,
    "t/<slug:team>/leases/<uuid:lease>/cancel/": BUYING,
    "t/<slug:team>/leases/<uuid:lease>/link/": BUYING,
    "t/<slug:team>/open/cancel/": (NOT, OWNS),
    "t/<slug:team>/limits/": PAGE,
    "t/<slug:team>/limits/team/": MANAGING,
    "t/<slug:team>/limits/<int:user_id>/": MANAGING,
    "t/<slug:team>/buy/": BUYING,
    "t/<slug:team>/star/": BUYING,
    "t/<slug:team>/purchases/<uuid:code>/": PAGE,
    "t/<slug:team>/purchases/<uuid:code>/card/": PAGE,
    "t/<slug:team>/purchases/<uuid:code>/cancel/": BUYING,
    "t/<slug:team>/purchases/<uuid:code>/abandon/": BUYING,
    "t/<slug:team>/purchases/<uuid:code>/put-away/": BUYING,
    "t/<slug:team>/purchases/<uuid:code>/again/": BUYING,
    "t/<slug:team>/purchases/<uuid:code>/keep/": (BUYS, BUYS),
    "t/<slug:team>/purchases/<uuid:code>/adopt/": MANAGING,
    "t/<slug:team>/purchases/<uuid:code>/not-bought/": MANAGING,
    "t/<slug:team>/purchases/<uuid:code>/write-off/": MANAGING,
}
REPORTS = {
    "t/<slug:team>/spend/": PAGE,
    "t/<slug:team>/inbox/": PAGE,
    "t/<slug:team>/exports/": PAGE,
    "t/<slug:team>/exports/csv/": (NOT, SEES),
    "t/<slug:team>/exports/workbook/": (NOT, SEES),
    # Somebody else's: nobody has it but who asked for it.
    "t/<slug:team>/exports/<uuid:export>/file/": (NOBODY_HAS, NOT),
    "t/<slug:team>/exports/<uuid:export>/cancel/": (NOT, NOBODY_HAS),
}


def staff(letter: str) -> str:
    """Return a row of the admin: everyone else is asked to sign in as somebody who may."""
    return "LLLLLLL" + letter


# What staff get of one model: (GET, POST) below its address.
OPEN = ("", "<path:object_id>/history/", "<path:object_id>/")
READ_ONLY = dict.fromkeys(OPEN, "yy") | {
    "add/": "xx",
    "<path:object_id>/delete/": "xx",
    "<path:object_id>/change/": "yx",
}
EDITABLE = dict.fromkeys(
    (*OPEN, "add/", "<path:object_id>/delete/", "<path:object_id>/change/"), "yy"
)
LOOKED_AT_OR_DELETED = READ_ONLY | {"<path:object_id>/delete/": "yy"}
NEVER_DELETED = EDITABLE | {"<path:object_id>/delete/": "xx"}
NEVER_CHANGED = EDITABLE | {"<path:object_id>/change/": "yx"}
ONLY_CHANGED = NEVER_DELETED | {"add/": "xx"}
DEED = {"<path:object_id>/do/<slug:deed>/": "yy"}  # world.DEEDS says which one is asked for

ADMIN_MODELS = {
    "notify/alert": READ_ONLY,
    "notify/delivery": READ_ONLY,
    "notify/notification": READ_ONLY,
    "auth/group": EDITABLE,
    "accounts/user": EDITABLE | DEED,
    "accounts/team": NEVER_DELETED | DEED,
    "accounts/membership": EDITABLE,
    "accounts/invitation": READ_ONLY,
    "accounts/provideraccount": READ_ONLY | DEED,
    "accounts/auditentry": READ_ONLY,
    "catalog/area": READ_ONLY,
    "catalog/country": READ_ONLY,
    "catalog/service": ONLY_CHANGED,
    "catalog/offer": READ_ONLY,
    "catalog/pricepoint": READ_ONLY,
    "catalog/feed": READ_ONLY,
    "rentals/activation": READ_ONLY,
    "rentals/buyingstop": NEVER_CHANGED,
    "rentals/balancesnapshot": READ_ONLY | DEED,
    "rentals/event": READ_ONLY,
    "rentals/lease": READ_ONLY,
    "rentals/ledgerentry": READ_ONLY,
    "rentals/limit": EDITABLE,
    "rentals/memberday": READ_ONLY,
    "rentals/message": READ_ONLY | DEED,
    "rentals/pollshard": READ_ONLY,
    "rentals/purchase": READ_ONLY | DEED,
    "rentals/serviceblock": READ_ONLY,
    "rentals/tag": READ_ONLY,
    "rentals/trip": READ_ONLY,
    "rentals/tripday": READ_ONLY,
    "account/emailaddress": EDITABLE,
    "mfa/authenticator": LOOKED_AT_OR_DELETED,
    "usersessions/usersession": READ_ONLY | DEED,
}
ADMIN_SITE = {
    "admin/": (staff("y"), staff("y")),
    # Who is signed in and is not staff is told so: signing in again would not help.
    "admin/login/": ("Lxxxxxxy", "Lxxxxxxy"),
    "admin/logout/": ("yyyyyyym", ANYONE),
    "admin/password_change/": (staff("y"), staff("y")),
    "admin/password_change/done/": (staff("y"), staff("m")),
    "admin/rentals/purchase/export/<slug:kind>/": (staff("m"), staff("y")),
    "admin/rentals/ledgerentry/statements/": (staff("y"), staff("y")),
    "admin/rentals/ledgerentry/statements/<slug:kind>/": (staff("m"), staff("y")),
    "admin/search/": (staff("y"), staff("y")),
    "admin/autocomplete/": (staff("x"), staff("m")),
    "admin/jsi18n/": (staff("y"), staff("m")),
    "admin/health/": (staff("y"), staff("m")),
    "admin/r/<path:content_type_id>/<path:object_id>/": (staff("-"), staff("-")),
    "admin/accounts/user/<id>/password/": (staff("y"), staff("y")),
    "admin/(?P<url>.*)$": (staff("-"), staff("-")),
}
ADMIN_PAGES = {
    f"admin/{model}/{below}": (staff(letters[0]), staff(letters[1]))
    for model, rows in ADMIN_MODELS.items()
    for below, letters in rows.items()
}

# Tested group by group; the pages of the admin in three, so that several processes share them.
GROUPS = {
    "signing in": SIGNING_IN,
    "probes": PROBES,
    "people": PEOPLE,
    "teams": TEAMS,
    "catalogue": CATALOGUE,
    "rentals": RENTALS,
    "notify": NOTIFY,
    "reports": REPORTS,
    "admin": ADMIN_SITE,
} | {f"admin's models {n}": dict(list(ADMIN_PAGES.items())[n::3]) for n in range(3)}
MATRIX = {route: row for group in GROUPS.values() for route, row in group.items()}
