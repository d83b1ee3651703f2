"""Addresses of people, teams and provider accounts."""

from django.urls import URLPattern, URLResolver, include, path

from accounts.views import home, provider_accounts, teams

app_name = "accounts"

account_urls: list[URLPattern | URLResolver] = [
    path("", provider_accounts.provider_accounts, name="provider_accounts"),
    path("add/", provider_accounts.add_provider_account, name="add_provider_account"),
    path("<uuid:account>/", provider_accounts.edit_provider_account, name="edit_provider_account"),
    path(
        "<uuid:account>/check/",
        provider_accounts.check_provider_account,
        name="check_provider_account",
    ),
    path(
        "<uuid:account>/remove/",
        provider_accounts.remove_provider_account,
        name="remove_provider_account",
    ),
]

team_urls: list[URLPattern | URLResolver] = [
    path("team/", teams.team, name="team"),
    path("team/<int:user_id>/role/", teams.change_role, name="change_role"),
    path("team/<int:user_id>/remove/", teams.remove_member, name="remove_member"),
    path("accounts/", include(account_urls)),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("demo/", home.demo_sign_in, name="demo_sign_in"),
    path("me/", home.me, name="me"),
    path("teams/new/", teams.new_team, name="new_team"),
    path("t/<slug:team>/", include(team_urls)),
]
