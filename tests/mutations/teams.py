"""The tenant filter, and who may do what in a team."""

from tests.mutations.mutation import Defence, Edit, Mutation

ACCESS = "tests/accounts/test_access.py::"
CARDS = "tests/rentals/views/test_cards.py::"
BUYING = "tests/rentals/views/test_buying.py::"
DESK = "tests/rentals/views/test_desk.py::"
PURCHASE = "tests/rentals/operations/test_purchase.py::"
PROVIDER_ACCOUNTS = "tests/accounts/test_provider_accounts.py::"
TEAMS = "tests/accounts/test_teams.py::"
INVITATIONS = "tests/accounts/test_invitations.py::"
PRIVATE = "tests/accounts/test_private_accounts.py::"
LIFE = "tests/accounts/test_team_life.py::"
STREAM = "tests/live/test_stream.py::"

TENANT_FILTER = Defence(
    "The tenant filter",
    (
        Mutation(
            "gate-open",
            "Anybody who is signed in could open any team.",
            (Edit("accounts/access.py", "        user_id=request.user.pk,\n", ""),),
            (
                f"{ACCESS}test_an_outsider_learns_nothing_not_even_staff",
                f"{DESK}test_an_outsider_finds_nothing",
            ),
        ),
        Mutation(
            "home-of-others",
            "The front page would lead into a team that one has left.",
            (
                Edit(
                    "accounts/models/team.py",
                    "self.filter(memberships__user=user, closed_at=None).order_by",
                    "self.order_by",
                ),
            ),
            (f"{ACCESS}test_home_is_never_a_team_one_was_removed_from",),
        ),
        Mutation(
            "card-of-others",
            "A member of one team could read and cancel what another team bought.",
            (
                Edit(
                    "rentals/views/cards.py",
                    "membership.team.purchases.for_cards()",
                    "Purchase.objects.for_cards()",
                ),
            ),
            (f"{CARDS}test_a_card_of_another_team_is_not_found_in_ones_own",),
        ),
        Mutation(
            "board-of-others",
            "The desk would show the numbers and codes of all teams.",
            (
                Edit(
                    "rentals/views/board.py",
                    "membership.team.purchases.on_board()",
                    "Purchase.objects.on_board()",
                ),
            ),
            (f"{DESK}test_the_board_of_the_team_and_of_nobody_else",),
        ),
        Mutation(
            "history-of-others",
            "History would list what all teams bought.",
            (
                Edit(
                    "rentals/history.py",
                    "membership.team.purchases.order_by",
                    "Purchase.objects.order_by",
                ),
            ),
            (
                "tests/rentals/views/test_history.py::test_the_team_sees_its_own_and_nobody_else_does",
            ),
        ),
        Mutation(
            "money-of-others",
            "The desk would show what all teams have reserved.",
            (
                Edit(
                    "rentals/limits.py",
                    "held = team.purchases.unsettled()",
                    "held = type(team).purchases.rel.related_model.objects.unsettled()",
                ),
            ),
            (f"{DESK}test_money_of_the_team_and_of_nobody_else",),
        ),
        Mutation(
            "balances-of-others",
            "The desk would show the balances of all teams.",
            (
                Edit(
                    "rentals/views/money.py",
                    "with_stop(team.provider_accounts.kept())",
                    "with_stop(ProviderAccount.objects.kept())",
                ),
            ),
            (f"{DESK}test_money_of_the_team_and_of_nobody_else",),
        ),
        Mutation(
            "accounts-of-others-to-choose",
            "Another team's provider account could be chosen to buy with.",
            (
                Edit(
                    "rentals/views/chooser.py",
                    "with_stop(membership.provider_accounts())",
                    "with_stop(ProviderAccount.objects.kept())",
                ),
            ),
            (f"{DESK}test_another_teams_account_cannot_be_chosen",),
        ),
        Mutation(
            "accounts-of-others-to-buy",
            "A form that names another team's provider account would reach the purchase.",
            (
                Edit(
                    "rentals/views/buying.py",
                    "get_object_or_404(membership.provider_accounts(), pk=",
                    'get_object_or_404(Offer._meta.apps.get_model("accounts.ProviderAccount"), pk=',
                ),
            ),
            (f"{BUYING}test_another_teams_account_is_not_found",),
        ),
        Mutation(
            "accounts-of-others-buy",
            "A purchase could be paid from another team's balance.",
            (Edit("rentals/operations/purchase.py", "account.team_id != team.pk or not", "not"),),
            (f"{PURCHASE}test_another_teams_account_is_refused",),
        ),
        Mutation(
            "accounts-of-others-to-manage",
            "An admin of one team could take away another team's token.",
            (
                Edit(
                    "accounts/views/provider_accounts.py",
                    "get_object_or_404(membership.provider_accounts(), pk=account)",
                    "get_object_or_404(ProviderAccount.objects.kept(), pk=account)",
                ),
            ),
            (f"{PROVIDER_ACCOUNTS}test_an_account_of_another_team_is_not_there",),
        ),
        Mutation(
            "accounts-of-others-listed",
            "Every team would see the others' provider accounts.",
            (
                Edit(
                    "accounts/views/provider_accounts.py",
                    "accounts = membership.provider_accounts()",
                    "accounts = ProviderAccount.objects.kept()",
                ),
            ),
            (f"{PROVIDER_ACCOUNTS}test_the_accounts_of_the_team_and_of_nobody_else",),
        ),
        Mutation(
            "key-of-others",
            "A form's key would give back what another team bought with it.",
            (
                Edit(
                    "rentals/operations/purchase.py",
                    "filter(team=team, client_key=client_key).first()",
                    "filter(client_key=client_key).first()",
                ),
            ),
            (f"{PURCHASE}test_another_team_may_use_the_same_key",),
        ),
        Mutation(
            "signals-of-others",
            "A page would hear what changes in other teams.",
            (
                Edit(
                    "live/hub.py",
                    "return self._by_team.get(int(team), ()) if team.isdecimal() else ()",
                    "return self._streams",
                ),
            ),
            (f"{STREAM}test_nothing_crosses_teams",),
        ),
        Mutation(
            "ended-sessions-hear-on",
            "A lost laptop that was signed out from elsewhere would go on hearing the team.",
            (
                Edit(
                    "live/receivers.py",
                    '    post_delete.connect(on_session_ended, sender=UserSession, dispatch_uid="live")\n',
                    "",
                ),
            ),
            (
                "tests/security/test_stream_ends.py::test_goal_2_a_stream_ends_within_five_seconds_of_the_right_to_it",
            ),
        ),
        Mutation(
            "ticket-unsigned",
            "A page could listen to any team by changing a digit.",
            (
                Edit(
                    "live/tickets.py",
                    "value = _signer().unsign(ticket, max_age=TICKET_SECONDS)",
                    'value, ticket = ticket.split(":")[0], _signer().sign(ticket.split(":")[0])',
                ),
            ),
            (
                "tests/live/test_ticket.py::test_a_ticket_cannot_be_changed",
                f"{STREAM}test_a_ticket_for_another_team_cannot_be_made_from_ones_own",
            ),
        ),
        Mutation(
            "ticket-without-membership",
            "Outsiders would get the right to listen.",
            (
                Edit(
                    "live/views.py",
                    "membership = get_membership(request, team)",
                    "from accounts.models import Membership\n"
                    "    membership = Membership.objects.filter(team__slug=team)[0]",
                ),
            ),
            ("tests/live/test_ticket.py::test_outsiders_get_none",),
        ),
    ),
)

RIGHTS = Defence(
    "Rights within a team",
    (
        Mutation(
            "any-role",
            "A viewer could buy, and a member could take the token away.",
            (
                Edit(
                    "accounts/access.py",
                    "    if not membership.may(at_least):\n",
                    "    if False:\n",
                ),
            ),
            (
                f"{ACCESS}test_a_role_is_enough_or_forbidden",
                f"{BUYING}test_buying_is_for_members_only",
            ),
        ),
        Mutation(
            "viewers-cancel",
            "A viewer could give the team's numbers back.",
            (
                Edit(
                    "rentals/views/cards.py",
                    '    """Give a waiting number back."""\n'
                    "    membership = get_membership(request, team, at_least=Role.MEMBER)\n",
                    '    """Give a waiting number back."""\n'
                    "    membership = get_membership(request, team)\n",
                ),
            ),
            (f"{CARDS}test_only_members_act",),
        ),
        Mutation(
            "viewers-see-buttons",
            "A viewer would see buttons that answer with an error.",
            (
                Edit(
                    "accounts/models/team.py",
                    "return self.may(Role.MEMBER)",
                    "return self.may(Role.VIEWER)",
                ),
            ),
            (
                f"{CARDS}test_a_viewer_sees_the_card_without_buttons",
                f"{DESK}test_a_viewer_sees_everything_but_the_buttons",
            ),
        ),
        Mutation(
            "members-write-off",
            "A member could write the team's money off.",
            (
                Edit(
                    "rentals/views/resolving.py",
                    'once the box is ticked."""\n'
                    "    membership = get_membership(request, team, at_least=Role.ADMIN)\n",
                    'once the box is ticked."""\n    membership = get_membership(request, team)\n',
                ),
            ),
            ("tests/rentals/views/test_resolving.py::test_only_those_who_manage_may_decide",),
        ),
        Mutation(
            "raw-answer-for-all",
            "Every viewer could read the provider's raw answers.",
            (
                Edit(
                    "rentals/views/purchase.py",
                    "_raw_answer(found) if membership.can_manage or _is_staff(request) else None",
                    "_raw_answer(found)",
                ),
            ),
            ("tests/rentals/views/test_purchase.py::test_the_raw_answer_is_for_those_who_manage",),
        ),
        Mutation(
            "admins-make-owners",
            "An admin could take the team over.",
            (
                Edit(
                    "accounts/operations/teams.py",
                    "may_give = role != Role.OWNER or actor.may(Role.OWNER)",
                    "may_give = True",
                ),
            ),
            (f"{TEAMS}test_an_admin_neither_makes_nor_touches_owners",),
        ),
        Mutation(
            "both-owners-leave",
            "Two owners who leave at once would leave a team that nobody can manage.",
            (
                Edit(
                    "accounts/operations/teams.py",
                    "    Team.objects.select_for_update().get(pk=team.pk)\n    return {",
                    "    Team.objects.get(pk=team.pk)\n    return {",
                ),
            ),
            (
                "tests/accounts/test_races.py::test_who_leaves_while_another_owner_does_waits_and_is_told",
            ),
            "postgres",
        ),
        Mutation(
            "stale-browser-changes-tokens",
            "Whoever finds an open browser could take the team over.",
            (
                Edit(
                    "accounts/fresh_sign_in.py",
                    'return any(record["at"] > since for record in get_authentication_records(request, user))',
                    "return True or since",
                ),
            ),
            (
                "tests/security/test_fresh_sign_in.py::test_every_sensitive_form_asks_before_it_is_shown_and_takes_no_post",
            ),
        ),
        Mutation(
            "private-accounts-for-all",
            "A forged form could spend the money of another member's private account.",
            (
                Edit(
                    "accounts/models/provider_account.py",
                    "return self.filter(Q(private_to=None) | Q(private_to=user_id))",
                    "return self.all()",
                ),
                Edit(
                    "accounts/models/provider_account.py",
                    "return self.private_to_id in (None, user_id)",
                    "return True",
                ),
            ),
            (f"{PRIVATE}test_a_forged_form_of_another_member_buys_nothing",),
        ),
        Mutation(
            "private-accounts-outlive-membership",
            "The token of who left would stay with the team for ever.",
            (
                Edit(
                    "accounts/operations/provider_accounts.py",
                    "            if row is not None and not row.purchases.unsettled().exists():\n",
                    "            if False:\n",
                ),
            ),
            (f"{PRIVATE}test_it_is_closed_when_its_member_leaves",),
        ),
        Mutation(
            "bought-in-a-closed-team",
            "A number could be bought in a team at the moment it is deleted, and nobody would wait for it.",
            (
                Edit(
                    "rentals/operations/purchase.py",
                    "if team.closed_at is not None:",
                    "if False:",
                ),
            ),
            (f"{LIFE}test_nothing_is_bought_in_a_closed_team",),
        ),
        Mutation(
            "old-links-let-in",
            "A link would still let somebody in after who sent it was removed from the team.",
            (
                Edit(
                    "accounts/operations/invitations.py",
                    "return inviter is not None and inviter.may_give(Role(invitation.role))",
                    "return True",
                ),
            ),
            (f"{INVITATIONS}test_a_link_ends_with_its_week_and_with_the_right_of_who_sent_it",),
        ),
        Mutation(
            "anybodys-invitation",
            "A link that was passed on would let anybody in.",
            (
                Edit(
                    "accounts/operations/invitations.py",
                    "if row.email not in addresses_of(user):",
                    "if False:",
                ),
            ),
            (f"{INVITATIONS}test_a_wrong_address_is_said_and_the_right_one_is_not",),
        ),
        Mutation(
            "bought-by-a-link",
            "A link or a picture on another site could buy.",
            (
                Edit(
                    "rentals/views/buying.py",
                    "@require_POST\ndef buy(",
                    "def buy(",
                ),
            ),
            (f"{BUYING}test_buying_is_for_members_only",),
        ),
        Mutation(
            "cancelled-by-a-link",
            "A link or a picture on another site could give a number back.",
            (Edit("rentals/views/cards.py", "@require_POST\ndef cancel(", "def cancel("),),
            (f"{CARDS}test_only_members_act",),
        ),
        Mutation(
            "forged-form",
            "A form on another site could buy.",
            (Edit("config/settings.py", '    "django.middleware.csrf.CsrfViewMiddleware",\n', ""),),
            (f"{BUYING}test_a_post_without_a_csrf_token_is_refused",),
        ),
        Mutation(
            "demo-for-everybody",
            "One click would sign anybody in on a real installation.",
            (Edit("accounts/views/home.py", "    if not settings.DEMO:\n", "    if False:\n"),),
            ("tests/accounts/test_home.py::test_without_the_sandbox_the_demo_does_not_exist",),
        ),
    ),
)
