"""One send for each purchase, an honest word about its outcome, and the SMS that wins every race."""

from tests.mutations.mutation import Defence, Edit, Mutation

SENDING = "tests/rentals/operations/test_sending.py::"
PURCHASE = "tests/rentals/operations/test_purchase.py::"
UNKNOWN = "tests/rentals/operations/test_unknown.py::"
ACTIVATION = "tests/rentals/operations/test_activation.py::"
STALLED = "tests/rentals/operations/test_stalled_workers.py::"
QUEUEING = "tests/rentals/operations/test_queueing.py::"
CLIENT = "tests/smsbus/test_client.py::"
WORKER = "rentals/operations/sending.py"

AT_MOST_ONE_SEND = Defence(
    "At most one send, at the price on the button",
    (
        Mutation(
            "lost-answer-sent-again",
            "After a time-out the purchase would be sent again, and paid twice.",
            (
                Edit(
                    WORKER,
                    "    except smsbus.NotSent:\n",
                    "    except (smsbus.NotSent, smsbus.AnswerLost):\n",
                ),
            ),
            (f"{SENDING}test_anything_else_is_honestly_unknown_and_never_sent_again",),
        ),
        Mutation(
            "sent-before-committed",
            "A worker that is killed while it buys would leave a purchase that is bought again.",
            (
                Edit(
                    WORKER,
                    "    if _claim(purchase, cost, baseline):\n        _send(purchase, client)\n",
                    "    with transaction.atomic():\n"
                    "        if _claim(purchase, cost, baseline):\n"
                    "            _send(purchase, client)\n",
                ),
                Edit(WORKER, "transaction.atomic(durable=True)", "transaction.atomic()"),
            ),
            (f"{SENDING}test_the_send_is_committed_before_the_first_byte_leaves",),
        ),
        Mutation(
            "sent-on-a-claim-that-ends",
            "A worker that was held up would send what others have given up meanwhile.",
            (Edit(WORKER, "    if not _claim_lasts(purchase):\n", "    if False:\n"),),
            (f"{STALLED}test_a_claim_that_does_not_last_sends_nothing",),
        ),
        Mutation(
            "worker-woken-before-the-commit",
            "The worker would look for a purchase that is not there yet, or never will be.",
            (
                Edit(
                    "core/queue.py",
                    "    transaction.on_commit(partial(_send, task, args, countdown))\n",
                    "    partial(_send, task, args, countdown)()\n",
                ),
            ),
            (f"{PURCHASE}test_the_worker_is_woken_on_commit",),
        ),
        Mutation(
            "tried-for-ever",
            "A purchase that cannot leave this machine would be tried without end.",
            (Edit(WORKER, "elif purchase.sends >= MAX_SENDS:", "elif False:"),),
            (f"{SENDING}test_what_was_proved_unsent_is_tried_three_times",),
        ),
        Mutation(
            "two-clicks-two-purchases",
            "A double click would buy two numbers.",
            (
                Edit(
                    "rentals/operations/purchase.py",
                    "        earlier = _same_key(team, client_key, wish)\n",
                    "        earlier = None\n",
                ),
                Edit(
                    "rentals/migrations/0001_initial.py",
                    'fields=("team", "client_key"), name="purchase_once_per_key"',
                    'fields=("team", "code"), name="purchase_once_per_key"',
                ),
            ),
            (
                f"{PURCHASE}test_twenty_clicks_at_once_with_one_key_are_one_purchase",
                f"{PURCHASE}test_the_same_key_again_is_the_same_purchase",
            ),
        ),
        Mutation(
            "key-with-other-contents",
            "A form that was changed on its way would silently be taken for the first.",
            (
                Edit(
                    "rentals/operations/purchase.py",
                    "    if any(getattr(earlier, name) != value for name, value in wish.items()):\n",
                    "    if False:\n",
                ),
            ),
            (f"{PURCHASE}test_the_same_key_with_other_contents_is_refused",),
        ),
        Mutation(
            "first-price-unchecked",
            "A button with an old price would buy at the new one.",
            (
                Edit(
                    "rentals/operations/purchase.py",
                    "    if offer.cost > quoted and not",
                    "    if False and not",
                ),
            ),
            (f"{PURCHASE}test_a_price_above_the_button_is_refused",),
        ),
        Mutation(
            "second-price-unchecked",
            "A price that rose since the click would be paid.",
            (
                Edit(
                    WORKER,
                    "        elif cost > purchase.quoted:\n",
                    "        elif False:\n",
                ),
                Edit(
                    WORKER,
                    "            return dollars(cost)\n",
                    "            return purchase.quoted\n",
                ),
            ),
            (f"{SENDING}test_a_price_that_rose_since_the_click_needs_a_second_click",),
        ),
        Mutation(
            "account-set-aside-buys",
            "An account that the provider has turned away would go on buying.",
            (Edit(WORKER, "    if not purchase.account.is_active:\n", "    if False:\n"),),
            (f"{SENDING}test_an_account_that_was_set_aside_since_the_click_sends_nothing",),
        ),
        Mutation(
            "blocked-service-sent",
            "A service that the provider blocks would be asked for again and again.",
            (
                Edit(
                    WORKER,
                    "    if purchase.service_id and queueing.blocked_until(",
                    "    if False and queueing.blocked_until(",
                ),
            ),
            (f"{QUEUEING}test_what_was_asked_for_before_the_block_is_not_sent_any_more",),
        ),
        Mutation(
            "queue-jumped",
            "Purchases would be sent though all slots are taken.",
            (Edit("rentals/operations/queueing.py", "place_in_queue(purchase) > free", "False"),),
            (f"{QUEUEING}test_what_is_queued_is_not_sent_while_there_is_no_slot",),
        ),
        Mutation(
            "purchase-on-a-shared-connection",
            "A purchase could break on a connection that the provider has just closed.",
            (
                Edit(
                    "smsbus/transport.py",
                    "_Adapter(self._context) if call.effect else self._pooled",
                    "self._pooled",
                ),
            ),
            (f"{CLIENT}test_an_effect_is_sent_once_on_a_connection_of_its_own",),
        ),
        Mutation(
            "redirect-followed",
            "The token would be sent to wherever an answer points.",
            (Edit("smsbus/polling.py", "allow_redirects=False", "allow_redirects=True"),),
            ("tests/smsbus/test_transports.py::test_a_redirect_is_not_followed",),
        ),
    ),
)

HONEST_OUTCOMES = Defence(
    "Unknown stays unknown",
    (
        Mutation(
            "time-out-is-refusal",
            "After a time-out the money would be given back for a number that was bought.",
            (
                Edit(
                    WORKER,
                    '        _become_unknown(purchase, "answer_lost", error)\n',
                    "        with transaction.atomic():\n"
                    '            if _finish(purchase, State.REFUSED, reason="refused"):\n'
                    "                ledger.release(purchase)\n",
                ),
            ),
            (f"{SENDING}test_anything_else_is_honestly_unknown_and_never_sent_again",),
        ),
        Mutation(
            "doubt-forgotten",
            "No error would say any more that money may have moved.",
            (Edit("smsbus/call.py", '"outcome_unknown": self.effect', '"outcome_unknown": False'),),
            (f"{CLIENT}test_an_effect_without_an_answer_is_unknown_and_sent_once",),
        ),
        Mutation(
            "any-code-is-refusal",
            "A code that is documented for another call would give the money back.",
            (Edit(WORKER, "        if error.outcome_unknown:\n", "        if False:\n"),),
            (f"{SENDING}test_anything_else_is_honestly_unknown_and_never_sent_again",),
        ),
        Mutation(
            "sent-is-forgotten",
            "A purchase that may have been sent would be taken for unsent.",
            (Edit("smsbus/transport.py", "        _attempt.get().sent = True\n", ""),),
            (f"{CLIENT}test_an_effect_without_an_answer_is_unknown_and_sent_once",),
        ),
        Mutation(
            "answer-not-kept",
            "Nobody could find out later what the provider had said.",
            (Edit(WORKER, "    _keep_answer(purchase, answer)\n", ""),),
            (f"{SENDING}test_a_number_is_bought",),
        ),
        Mutation(
            "kept-answer-unread",
            "A number that a killed worker had bought would be shown to nobody, though we know it.",
            (
                Edit(
                    "rentals/operations/sweep.py",
                    "        _one(_read_answer, purchase)\n",
                    "        pass\n",
                ),
            ),
            (
                f"{STALLED}test_a_kept_answer_that_sold_a_number_is_read",
                f"{STALLED}test_a_kept_refusal_gives_the_money_back",
            ),
        ),
        Mutation(
            "known-request-taken-for-new",
            "Another purchase's number would be sold a second time.",
            (Edit(WORKER, "if not goods.of(purchase).is_new(purchase, receipt):", "if False:"),),
            (f"{SENDING}test_a_request_id_that_we_have_already_is_not_taken_for_a_new_number",),
        ),
        Mutation(
            "frozen-believed-at-once",
            "An account that others use too would be judged by figures that are not ours.",
            (
                Edit(
                    "rentals/operations/evidence.py",
                    "account.frozen_confirmed >= CONFIRMATIONS and not contradicted",
                    "True",
                ),
            ),
            (
                f"{UNKNOWN}test_an_account_that_was_never_calibrated_is_not_judged",
                f"{UNKNOWN}test_one_contradiction_switches_the_automation_off",
            ),
        ),
        Mutation(
            "charge-taken-for-release",
            "An orphan that was paid would be given back.",
            (
                Edit(
                    "rentals/operations/unknown.py",
                    "reading.excess == 0 and gone == 0",
                    "reading.excess == 0",
                ),
            ),
            (f"{UNKNOWN}test_an_orphan_that_got_an_sms_is_written_off",),
        ),
        Mutation(
            "two-unknowns-judged",
            "One number sold and one not would be taken for each other.",
            (Edit("rentals/operations/unknown.py", "if _others_unknown(purchase) or", "if"),),
            (f"{UNKNOWN}test_two_unknowns_at_once_are_left_to_a_person",),
        ),
        Mutation(
            "bought-while-finding-out",
            "Another purchase would blur what the figures say about the unknown one.",
            (
                Edit(
                    "rentals/operations/queueing.py",
                    "    if alike.filter(being_found_out()).exists():\n",
                    "    if False:\n",
                ),
            ),
            (f"{UNKNOWN}test_while_it_is_found_out_nothing_else_is_bought_on_the_account",),
        ),
    ),
)

SMS_WINS = Defence(
    "The SMS wins every race",
    (
        Mutation(
            "no-last-look",
            "An SMS that came before the cancel would be lost, and its price given back.",
            (
                Edit(
                    "rentals/operations/activation.py",
                    "        found = _last_look(client, activation)\n",
                    "        found = None\n",
                ),
            ),
            (f"{ACTIVATION}test_an_sms_that_came_before_the_cancel_is_kept_and_paid",),
        ),
        Mutation(
            "late-sms-thrown-away",
            "An SMS that the provider has would not be shown, because its number has ended.",
            (
                Edit(
                    "rentals/operations/activation.py",
                    "    with transaction.atomic():\n        activation = _locked(activation_id)\n"
                    "        if activation.messages",
                    "    with transaction.atomic():\n        activation = _locked(activation_id)\n"
                    "        if activation.state in (State.CANCELLED, State.EXPIRED):\n"
                    "            return False\n"
                    "        if activation.messages",
                ),
            ),
            (f"{ACTIVATION}test_an_sms_after_the_end_is_kept_and_the_end_stands",),
        ),
        Mutation(
            "closed-taken-for-cancelled",
            "A number that expired would be called cancelled.",
            (
                Edit(
                    "rentals/operations/activation.py",
                    "    except smsbus.RequestClosed:\n        return False\n",
                    "    except smsbus.RequestClosed:\n        return True\n",
                ),
            ),
            (f"{ACTIVATION}test_what_expired_before_the_cancel_is_expired",),
        ),
        Mutation(
            "findings-dropped",
            "An SMS would be lost while the database is away.",
            (
                Edit(
                    "rentals/poller/flusher.py",
                    "                continue\n",
                    "                self._findings.clear()\n"
                    "                self._arrived.clear()\n"
                    "                continue\n",
                ),
            ),
            (
                "tests/rentals/poller/test_polling.py::"
                "test_a_database_that_is_away_delays_what_was_found",
            ),
        ),
    ),
)
