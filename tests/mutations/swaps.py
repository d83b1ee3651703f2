"""Compare-and-swap, and the fencing by claims: what keeps two workers apart."""

from tests.mutations.mutation import Defence, Edit, Mutation

SENDING = "tests/rentals/operations/test_sending.py::"
SWEEP = "tests/rentals/operations/test_sweep.py::"
UNKNOWN = "tests/rentals/operations/test_unknown.py::"
SHARD = "tests/rentals/poller/test_shard.py::"
LISTS = "tests/catalog/test_lists.py::"
SUSPENSION = "tests/accounts/test_suspension.py::"

COMPARE_AND_SWAP = Defence(
    "Compare-and-swap",
    (
        Mutation(
            "swap-without-state",
            "Ten workers with the same purchase would send it ten times.",
            (Edit("rentals/journal.py", "pk=row.pk, state=old, **", "pk=row.pk, **"),),
            (
                f"{SENDING}test_ten_workers_at_once_buy_once",
                "tests/rentals/test_journal.py::test_who_was_second_changes_nothing",
            ),
        ),
        Mutation(
            "swap-lost-but-sent",
            "A worker that lost the swap would send all the same.",
            (
                Edit(
                    "rentals/operations/sending.py",
                    "    if _claim(purchase, cost, baseline):\n",
                    "    if _claim(purchase, cost, baseline) or True:\n",
                ),
                # Behind it stands the question whether the claim lasts, which has a mutation of its own.
                Edit(
                    "rentals/operations/sending.py",
                    "    if not _claim_lasts(purchase):\n",
                    "    if False:\n",
                ),
            ),
            (
                f"{SENDING}test_ten_workers_at_once_buy_once",
                f"{SENDING}test_what_is_given_up_while_the_price_is_read_is_not_sent",
            ),
        ),
        Mutation(
            "any-transition",
            "What has ended could be opened again.",
            (Edit("rentals/journal.py", "    states.check(row.State, row.state, to)\n", ""),),
            (
                "tests/rentals/test_journal.py::test_an_illegal_transition_is_a_bug_that_shows_itself",
            ),
        ),
        Mutation(
            "give-up-after-the-send",
            "Giving up too late would give the money back for a number that was bought.",
            (
                Edit(
                    "rentals/operations/purchase.py", "        if given_up:\n", "        if True:\n"
                ),
            ),
            (
                "tests/rentals/operations/test_purchase.py::"
                "test_giving_up_is_too_late_once_a_worker_sends",
            ),
        ),
        Mutation(
            "evidence-over-person",
            "What a person has decided while the evidence was read would be overruled.",
            (
                Edit(
                    "rentals/operations/unknown.py",
                    "        if journal.move(\n"
                    "            purchase, to, reason=reason, by=by, ended_at=timezone.now(), "
                    "look_again_at=None\n"
                    "        ):\n",
                    "        journal.move(purchase, to, reason=reason, by=by)\n        if True:\n",
                ),
            ),
            (f"{UNKNOWN}test_a_person_who_decides_during_the_look_is_not_overruled",),
        ),
        Mutation(
            "orphan-over-person",
            "A purchase that a person has decided would be called an orphan.",
            (
                Edit(
                    "rentals/operations/unknown.py",
                    "fresh = Purchase.objects.filter(pk=purchase.pk, state=State.UNKNOWN)",
                    "fresh = Purchase.objects.filter(pk=purchase.pk)",
                ),
            ),
            (f"{UNKNOWN}test_a_person_who_decides_during_the_look_is_not_overruled",),
        ),
        Mutation(
            "shard-taken-twice",
            "Two pollers would ask about the same numbers.",
            (Edit("rentals/poller/shard.py", "filter(_free() | Q(holder=holder), ", "filter("),),
            (f"{SHARD}test_one_of_two_pollers_gets_the_shard",),
        ),
        Mutation(
            "shard-started-twice",
            "Two watchdogs would start two chains of slices.",
            (
                Edit(
                    "rentals/poller/shard.py",
                    "if abandoned.filter(number=number).update(queued_at=Now()):",
                    "if PollShard.objects.filter(number=number).update(queued_at=Now()):",
                ),
            ),
            (f"{SHARD}test_two_watchdogs_at_once_start_each_shard_once",),
        ),
        Mutation(
            "list-read-by-all",
            "Every worker would read the same list from the provider.",
            (
                Edit(
                    "catalog/feeds.py",
                    "filter(free, pk=feed.pk, fetched_at=feed.fetched_at)",
                    "filter(pk=feed.pk)",
                ),
            ),
            (
                f"{LISTS}test_a_list_that_somebody_reads_is_left_alone",
                f"{LISTS}test_of_many_readers_at_once_one_calls",
            ),
        ),
        Mutation(
            "reading-asked-for-by-all",
            "Every page of a stale catalogue would enqueue a reading of it.",
            (
                Edit(
                    "catalog/feeds.py", "filter(not_asked, key=COUNTRIES)", "filter(key=COUNTRIES)"
                ),
            ),
            ("tests/catalog/test_sync.py::test_asking_again_counts_after_a_minute",),
        ),
        Mutation(
            "owners-told-again",
            "Each worker would mail the owners about the same suspension.",
            (
                Edit(
                    "accounts/operations/suspension.py",
                    "    if not untold.update(owners_told_at=timezone.now()):\n",
                    "    ProviderAccount.objects.filter(pk=account_id).update("
                    "owners_told_at=timezone.now())\n    if not untold:\n        pass\n    if False:\n",
                ),
            ),
            (
                f"{SUSPENSION}test_the_owners_are_told_once_each_apart",
                "tests/accounts/test_races.py::test_owners_are_told_once_by_two_workers",
            ),
        ),
    ),
)

FENCING = Defence(
    "The claim's fencing",
    (
        Mutation(
            "outcome-without-claim",
            "A worker that stalled would write its outcome over that of the one that took over.",
            (
                Edit(
                    "rentals/operations/sending.py",
                    '{"by": BY, "only_if": {"claim": purchase.claim}}',
                    '{"by": BY}',
                ),
            ),
            (f"{SENDING}test_a_worker_whose_claim_is_gone_writes_nothing",),
        ),
        Mutation(
            "answer-without-claim",
            "A worker that stalled would replace the raw answer of the one that took over.",
            (
                Edit(
                    "rentals/operations/sending.py",
                    "filter(pk=purchase.pk, claim=purchase.claim).update(",
                    "filter(pk=purchase.pk).update(",
                ),
            ),
            (f"{SENDING}test_a_worker_whose_claim_is_gone_writes_nothing",),
        ),
        Mutation(
            "sweep-without-claim",
            "The sweep would call a purchase unknown that a worker has just begun to send.",
            (
                Edit(
                    "rentals/operations/sweep.py",
                    'only_if={"claim": purchase.claim, "claim_until__lt": timezone.now()}',
                    "only_if={}",
                ),
            ),
            (f"{SWEEP}test_a_claim_that_was_renewed_since_the_look_is_left_alone",),
        ),
        Mutation(
            "sweep-before-time",
            "Every purchase on its way would be called unknown within seconds.",
            (
                Edit(
                    "rentals/operations/sweep.py",
                    "state=PurchaseState.SENDING, claim_until__lt=now)",
                    "state=PurchaseState.SENDING)",
                ),
                Edit(
                    "rentals/operations/sweep.py",
                    '"claim": purchase.claim, "claim_until__lt": timezone.now()',
                    '"claim": purchase.claim',
                ),
            ),
            (f"{SWEEP}test_a_claim_that_stands_is_left_alone",),
        ),
        Mutation(
            "late-answer-thrown-away",
            "A number that was bought after all would be paid and never shown.",
            (
                Edit(
                    "rentals/operations/sending.py",
                    "if purchase.state == State.UNKNOWN and to != State.UNKNOWN:",
                    "if False:",
                ),
            ),
            (f"{SENDING}test_an_answer_after_the_claim_ran_out_still_counts",),
        ),
        Mutation(
            "lease-renewed-by-anybody",
            "A poller that was given up for dead would go on beside its successor.",
            (
                Edit(
                    "rentals/poller/shard.py",
                    "PollShard.objects.filter(number=number, holder=holder).update(",
                    "PollShard.objects.filter(number=number).update(",
                ),
            ),
            (
                f"{SHARD}test_one_of_two_pollers_gets_the_shard",
                f"{SHARD}test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_notices",
            ),
        ),
        Mutation(
            "lease-released-by-anybody",
            "A poller could end the lease of another.",
            (
                Edit(
                    "rentals/poller/shard.py",
                    "mine = PollShard.objects.filter(number=number, holder=holder)",
                    "mine = PollShard.objects.filter(number=number)",
                ),
            ),
            (f"{SHARD}test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_notices",),
        ),
        Mutation(
            "lost-lease-unnoticed",
            "A poller would go on polling when another has its shard.",
            (
                Edit(
                    "rentals/poller/loop.py",
                    "            if not await self._renew():\n                return False\n",
                    "            await self._renew()\n",
                ),
            ),
            ("tests/rentals/poller/test_slices.py::test_a_poller_whose_lease_is_taken_away_stops",),
        ),
        Mutation(
            "list-written-without-claim",
            "Old prices would be written over newer ones.",
            (
                Edit(
                    "catalog/feeds.py",
                    "filter(pk=feed.pk, claimed_until=feed.claimed_until)",
                    "filter(pk=feed.pk)",
                ),
            ),
            (f"{LISTS}test_who_lost_the_claim_writes_nothing",),
        ),
        Mutation(
            "old-token-suspends",
            "The answer to an old token would set the account with the new one aside.",
            (
                Edit(
                    "accounts/operations/suspension.py",
                    "        pk=account.pk, token_fingerprint=account.token_fingerprint\n",
                    "        pk=account.pk\n",
                ),
            ),
            (f"{SUSPENSION}test_an_answer_to_an_old_token_says_nothing_about_the_new_one",),
        ),
        Mutation(
            "old-tokens-balance",
            "Another SMS-BUS account's balance would be shown.",
            (
                Edit(
                    "accounts/operations/balances.py",
                    "pk=account.pk, token_fingerprint=account.token_fingerprint\n",
                    "pk=account.pk\n",
                ),
            ),
            (f"{SUSPENSION}test_an_old_balance_does_not_land_on_a_new_token",),
        ),
    ),
)
