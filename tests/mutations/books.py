"""Leases with their orders, and the provider's balance held against the ledger."""

from tests.mutations.mutation import Defence, Edit, Mutation

LEASE_LIFE = "tests/rentals/operations/test_lease_life.py::"
LOST_ORDERS = "tests/rentals/operations/test_lost_orders.py::"
DRIFTING = "tests/rentals/operations/test_drift.py::"

LEASES = Defence(
    "Leases and their orders",
    (
        Mutation(
            "cancelled-order-ended-twice",
            "Who learns second of a cancelled order would stumble over it instead of leaving it alone.",
            (
                Edit(
                    "rentals/operations/lease.py",
                    "        if lease.state not in (State.ACTIVE, State.CANCELLING):\n"
                    "            return False\n",
                    "",
                ),
            ),
            (f"{LEASE_LIFE}test_who_learns_second_of_a_cancelled_order_leaves_it_alone",),
        ),
        Mutation(
            "refused-cancel-refunded",
            "A lease that the provider keeps and charges would be called cancelled and refunded.",
            (Edit("rentals/operations/lease.py", "or _is_cancelled(client, lease):", "or True:"),),
            (f"{LEASE_LIFE}test_a_refused_cancel_leaves_it_leased",),
        ),
        Mutation(
            "let-go-while-renewing",
            "A number whose renewal was paid would be taken for released.",
            (
                Edit(
                    "rentals/operations/reading.py",
                    "if not lease.is_kept or renewing.exists():",
                    "if not lease.is_kept:",
                ),
            ),
            (f"{LEASE_LIFE}test_a_lease_is_not_let_go_of_while_a_renewal_is_undecided",),
        ),
        Mutation(
            "order-from-before",
            "A lease that was there before the send would be taken for the one that was lost.",
            (
                Edit(
                    "rentals/operations/orders.py",
                    "before = set(purchase.orders_before or ())",
                    "before: set[str] = set()",
                ),
            ),
            (f"{LOST_ORDERS}test_an_order_from_before_the_send_is_never_taken_for_ours",),
        ),
        Mutation(
            "uncertain-order-adopted",
            "An order that somebody made on the provider's site would be taken for ours.",
            (
                Edit(
                    "rentals/operations/orders.py",
                    "return in_time and order.status",
                    "return order.status",
                ),
            ),
            (f"{LOST_ORDERS}test_an_order_that_no_clock_explains_goes_to_a_person",),
        ),
        Mutation(
            "two-unknown-leases-judged",
            "Of two leases alike the one that was sold would be given to either.",
            (Edit("rentals/operations/unknown.py", " or _others_alike(purchase):", ":"),),
            (f"{LOST_ORDERS}test_two_unknown_alike_go_to_a_person",),
        ),
    ),
)

DRIFT = Defence(
    "Balances and drift",
    (
        Mutation(
            "drift-while-under-way",
            "Every SMS that is not polled yet would be shown as money that went past the ledger.",
            (
                Edit(
                    "rentals/operations/drift.py",
                    "return not any(rows.exists() for rows in (sending, waiting, cancelling, moved))",
                    "return True",
                ),
            ),
            (f"{DRIFTING}test_an_sms_that_we_have_not_polled_yet_is_no_drift",),
        ),
        Mutation(
            "drift-absorbed",
            "Money that went past the ledger would be forgotten with the next inconclusive reading.",
            (
                Edit(
                    "rentals/operations/drift.py",
                    "    fits = chain.conclusive().latest_taken()\n    if fits is None:\n",
                    "    fits = chain.latest_taken()\n    if fits is None:\n",
                ),
            ),
            (
                f"{DRIFTING}test_a_foreign_purchase_beside_open_numbers_is_told_when_they_are_done",
                f"{DRIFTING}test_drifts_add_up_to_what_the_worth_has_moved",
            ),
        ),
        Mutation(
            "overtaken-reading-measured",
            "An old balance that is answered late would look like money that came back.",
            (
                Edit(
                    "rentals/operations/drift.py",
                    "    if last is not None and asked_at <= last.confirmed_at:\n",
                    "    if False:\n",
                ),
                # Before it stands what keeps the balance itself, which has a mutation of its own.
                Edit(
                    "accounts/operations/balances.py",
                    "            not_later, pk=account.pk,",
                    "            pk=account.pk,",
                ),
            ),
            (f"{DRIFTING}test_an_answer_that_was_overtaken_is_dropped",),
        ),
        Mutation(
            "overtaken-balance-shown",
            "An old balance that is answered late would be shown in place of a newer one.",
            (
                Edit(
                    "accounts/operations/balances.py",
                    "            not_later, pk=account.pk,",
                    "            pk=account.pk,",
                ),
            ),
            ("tests/accounts/test_balances.py::test_a_balance_that_was_overtaken_is_not_kept",),
        ),
    ),
)
