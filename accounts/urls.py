"""Addresses of people, teams and provider accounts."""

from django.urls import URLPattern, URLResolver, include, path

from accounts.views import (
    alerts,
    appearance,
    audit,
    home,
    invitations,
    leaving,
    provider_accounts,
    sessions,
    team_life,
    teams,
)

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

invitation_urls: list[URLPattern | URLResolver] = [
    path("", invitations.invite, name="invite"),
    path("<uuid:invitation>/resend/", invitations.resend_invitation, name="resend_invitation"),
    path("<uuid:invitation>/revoke/", invitations.revoke_invitation, name="revoke_invitation"),
]

team_urls: list[URLPattern | URLResolver] = [
    path("team/", teams.team, name="team"),
    path("team/rename/", team_life.rename_team, name="rename_team"),
    path("team/transfer/", team_life.transfer_team, name="transfer_team"),
    path("team/delete/", team_life.delete_team, name="delete_team"),
    path("team/invitations/", include(invitation_urls)),
    path("team/<int:user_id>/role/", teams.change_role, name="change_role"),
    path("team/<int:user_id>/remove/", team_life.remove_member, name="remove_member"),
    path("terms/", teams.team_terms, name="team_terms"),
    path("terms/accept/", teams.accept_terms, name="accept_terms"),
    path("team/second-factor/", teams.require_second_factor, name="require_second_factor"),
    path("audit/", audit.audit_trail, name="audit_trail"),
    path("audit/export/", audit.export_audit_trail, name="export_audit_trail"),
    path("accounts/", include(account_urls)),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("demo/", home.demo_sign_in, name="demo_sign_in"),
    path("me/", home.me, name="me"),
    path("me/data/", leaving.download_data, name="download_data"),
    path("me/sessions/end-others/", sessions.end_sessions, name="end_other_sessions"),
    path("me/sessions/<int:session>/end/", sessions.end_sessions, name="end_session"),
    path("me/delete/", leaving.delete_me, name="delete_me"),
    path("appearance/", appearance.choose, name="appearance"),
    path("me/alerts/", alerts.alerts, name="alerts"),
    path("terms/", teams.terms, name="terms"),
    path("teams/new/", teams.new_team, name="new_team"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("t/<slug:team>/", include(team_urls)),
]
