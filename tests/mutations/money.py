"""The hold, and the books: what is reserved counts, and is settled once."""

from tests.mutations.mutation import Defence, Edit, Mutation

PURCHASE = "tests/rentals/operations/test_purchase.py::"
LIMITING = "tests/rentals/operations/test_limits.py::"
QUEUEING = "tests/rentals/operations/test_queueing.py::"
LEDGER = "tests/rentals/test_ledger.py::"
ACTIVATION = "tests/rentals/operations/test_activation.py::"
INITIAL = "rentals/migrations/0001_initial.py"
TRIGGERS = "rentals/migrations/0002_ledger_is_append_only.py"

HOLD = Defence(
    "The hold",
    (
        Mutation(
            "no-hold",
            "Money would be spent that nobody has reserved.",
            (Edit("rentals/operations/purchase.py", "        ledger.hold(purchase)\n", ""),),
            (f"{PURCHASE}test_the_price_is_held_before_anything_is_sent",),
        ),
        Mutation(
            "no-hold-in-the-queue",
            "What waits in the queue would be bought without a reservation.",
            (Edit("rentals/operations/queueing.py", "    ledger.hold(successor)\n", ""),),
            (f"{QUEUEING}test_too_many_waiting_teaches_the_limit_and_queues",),
        ),
        Mutation(
            "reserved-not-counted",
            "What is reserved would look free to spend.",
            (Edit("rentals/models/purchase.py", 'return Decimal(total["sum"])', "return ZERO"),),
            (f"{PURCHASE}test_the_price_is_held_before_anything_is_sent",),
        ),
        Mutation(
            "reserved-not-shown",
            "The desk would show reserved money as available.",
            (
                Edit(
                    "rentals/views/money.py",
                    "reserved=all_of_it.reserved,",
                    "reserved=all_of_it.reserved * 0,",
                ),
            ),
            ("tests/rentals/views/test_desk.py::test_money_of_the_team_and_of_nobody_else",),
        ),
        Mutation(
            "hold-settled-at-once",
            "The reservation would end when it is made.",
            (
                Edit(
                    "rentals/ledger.py",
                    "    if kind in LedgerEntry.SETTLEMENTS:\n",
                    "    if True:\n",
                ),
            ),
            (f"{PURCHASE}test_the_price_is_held_before_anything_is_sent",),
        ),
        Mutation(
            "hold-outside-the-transaction",
            "A crash between the change and its entry would leave money unexplained.",
            (
                Edit(
                    "rentals/ledger.py",
                    "    if not transaction.get_connection().in_atomic_block:\n",
                    "    if False:\n",
                ),
            ),
            (f"{LEDGER}test_money_never_moves_outside_a_transaction",),
        ),
        Mutation(
            "no-release",
            "A refused purchase would keep its money reserved for ever.",
            (
                Edit(
                    "rentals/operations/sending.py",
                    "        if refused:\n            ledger.release(purchase)\n",
                    "        if refused:\n",
                ),
            ),
            (
                "tests/rentals/operations/test_sending.py::"
                "test_a_documented_refusal_gives_the_money_back_and_says_why",
            ),
        ),
        Mutation(
            "day-without-entries",
            "The sums by day would not be those of the ledger.",
            (Edit("rentals/ledger.py", "    _add_to_day(entry, now)\n", ""),),
            (f"{LEDGER}test_a_settlement_ends_the_reservation",),
        ),
    ),
)

LIMITS = Defence(
    "The limits",
    (
        Mutation(
            "limits-not-asked",
            "A member could spend the whole balance.",
            (
                Edit(
                    "rentals/operations/purchase.py",
                    '        _check_limits(team, buyer, wish["quoted"])\n',
                    "",
                ),
            ),
            (f"{LIMITING}test_a_ceiling_for_one_purchase",),
        ),
        Mutation(
            "reserved-within-no-limit",
            "Ten purchases that are on their way would count as none.",
            (
                Edit(
                    "rentals/limits.py",
                    'opened=Count("pk"), reserved=Sum("quoted"),',
                    'opened=Count("pk"), reserved=nothing,',
                ),
            ),
            (f"{LIMITING}test_reserved_money_counts_up_to_the_very_limit",),
        ),
        Mutation(
            "spent-within-no-limit",
            "A limit would begin anew with each SMS.",
            (
                Edit(
                    "rentals/limits.py",
                    'nothing = F("charged") + F("lost") -',
                    'nothing = F("lost") -',
                ),
            ),
            (f"{LIMITING}test_spent_money_counts_too",),
        ),
        Mutation(
            "limit-exceeded-at-once",
            "Clicks at the same moment would each see the limit as it was before the others.",
            (
                Edit(
                    "rentals/operations/purchase.py",
                    "Team.objects.select_for_update(no_key=True).get(pk=team.pk)",
                    "Team.objects.get(pk=team.pk)",
                ),
            ),
            (
                "tests/rentals/operations/test_limits_at_once.py::"
                "test_of_a_hundred_buys_at_once_exactly_ten_are_made",
            ),
            "postgres",
        ),
        Mutation(
            "limits-set-by-anybody",
            "A member could lift the limit that is there for them.",
            (
                Edit(
                    "rentals/operations/limits.py",
                    "    if now is None or not now.can_manage:\n",
                    "    if False:\n",
                ),
            ),
            (f"{LIMITING}test_only_owners_and_admins_set_limits",),
        ),
    ),
)

SETTLED_ONCE = Defence(
    "One settlement, append-only",
    (
        Mutation(
            "settled-twice",
            "The same money could be spent and given back.",
            (
                Edit(
                    INITIAL,
                    'condition=models.Q(("kind__in", ("charge", "release", "loss"))),\n'
                    '                fields=("purchase",),',
                    'condition=models.Q(("kind__in", ("refund",))),\n'
                    '                fields=("purchase",),',
                ),
            ),
            (f"{LEDGER}test_nothing_is_settled_twice",),
        ),
        Mutation(
            "sms-and-end-at-once",
            "An SMS that comes while its number ends would not be stored.",
            (
                Edit(
                    "rentals/operations/activation.py",
                    'Activation.objects.select_for_update(of=("self",))\n        .select_related',
                    "Activation.objects.select_related",
                ),
            ),
            (
                f"{ACTIVATION}"
                "test_an_sms_and_the_end_at_the_same_moment_settle_once_and_lose_nothing",
            ),
            "postgres",
        ),
        Mutation(
            "ledger-can-be-rewritten",
            "Whoever reaches the database could change what was spent.",
            (Edit(TRIGGERS, '"rentals_ledgerentry", "rentals_event"', '"rentals_event"'),),
            (
                f"{LEDGER}test_an_entry_cannot_be_changed",
                f"{LEDGER}test_an_entry_cannot_be_deleted",
            ),
        ),
        Mutation(
            "ledger-can-be-rewritten-there",
            "The same on PostgreSQL, which has a trigger of its own.",
            (
                Edit(
                    "core/append_only.py",
                    "BEFORE UPDATE OR DELETE ON {table}",
                    "BEFORE DELETE ON {table}",
                ),
            ),
            (
                f"{LEDGER}test_an_entry_cannot_be_changed",
                f"{LEDGER}test_the_timeline_cannot_be_changed",
            ),
            "postgres",
        ),
        Mutation(
            "timeline-can-be-rewritten",
            "Whoever reaches the database could change what happened.",
            (Edit(TRIGGERS, '"rentals_ledgerentry", "rentals_event"', '"rentals_ledgerentry"'),),
            (f"{LEDGER}test_the_timeline_cannot_be_changed",),
        ),
        Mutation(
            "same-sms-twice",
            "The same text, polled again, would be a second message.",
            (
                Edit(
                    "rentals/operations/activation.py",
                    "        if activation.messages.alike([digest]).exists():\n",
                    "        digest = f'{timezone.now()}'\n        if False:\n",
                ),
            ),
            (f"{ACTIVATION}test_the_same_text_again_is_stored_once",),
        ),
    ),
)
