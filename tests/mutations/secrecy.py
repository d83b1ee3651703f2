"""Redaction: the token, which the provider wants in every address, is seen by nobody else."""

from tests.mutations.mutation import Defence, Edit, Mutation

FILTER = "core/redaction.py"
LOGS = "tests/core/test_redaction.py::"
HOSTILE = "tests/smsbus/test_hostile.py::"
TRANSPORTS = "tests/smsbus/test_transports.py::"
CRYPTO = "tests/core/test_crypto.py::"
SENDING = "tests/rentals/operations/test_sending.py::"
ACCOUNTS_CANARY = "tests/accounts/test_canary.py::test_the_token_is_nowhere"
RENTALS_CANARY = "tests/rentals/test_canary.py::test_the_token_is_nowhere"

REDACTION = Defence(
    "Redaction",
    (
        Mutation(
            "log-line-as-it-is",
            "An address with a token would be written to the log.",
            (Edit(FILTER, "record.args = redact(message), None", "record.args = message, None"),),
            (
                f"{LOGS}test_a_token_in_an_address_is_masked",
                f"{LOGS}test_the_sites_own_logs_are_masked",
            ),
        ),
        Mutation(
            "traceback-as-it-is",
            "A traceback with a token would be written to the log.",
            (Edit(FILTER, "record.exc_text = redact(record.exc_text)", "pass"),),
            (f"{LOGS}test_tracebacks_and_stacks_are_masked",),
        ),
        Mutation(
            "addresses-as-they-are",
            "Only tokens that this process has used would be known for secrets.",
            (Edit(FILTER, '_TOKEN_IN_URL.sub(rf"\\1{MASK}", text)', "text"),),
            (f"{LOGS}test_a_token_in_an_address_is_masked",),
        ),
        Mutation(
            "registered-secrets-as-they-are",
            "A token that stands elsewhere than in an address would be written to the log.",
            (Edit(FILTER, "text.replace(secret, MASK)", "text"),),
            (f"{LOGS}test_a_registered_secret_is_masked_wherever_it_stands",),
        ),
        Mutation(
            "opened-but-not-registered",
            "The tokens that are opened, a poller's all the time, would not be known for secrets.",
            (
                Edit(
                    "accounts/models/provider_account.py", "        redaction.register(token)\n", ""
                ),
            ),
            (
                "tests/rentals/poller/test_polling.py::test_the_token_of_a_polled_account_is_known_for_a_secret",
            ),
        ),
        Mutation(
            "handler-without-filter",
            "The site's logs would go round the filter.",
            (Edit("config/settings.py", '"filters": ["redact"]', '"filters": []'),),
            (f"{LOGS}test_the_sites_own_logs_are_masked",),
        ),
        Mutation(
            "answer-unscrubbed",
            "A token that the provider echoes would be stored and shown with its answer.",
            (Edit("smsbus/call.py", "scrub(body, token)", "body"),),
            (
                f"{HOSTILE}test_an_error_message_with_the_token_in_it_loses_it",
                f"{SENDING}test_the_token_is_nowhere_in_what_is_kept",
                RENTALS_CANARY,
            ),
        ),
        Mutation(
            "header-unscrubbed",
            "A token that the provider echoes in a header would be kept.",
            (Edit("smsbus/call.py", "scrub(lower[name], token)", "lower[name]"),),
            (f"{HOSTILE}test_an_error_message_with_the_token_in_it_loses_it",),
        ),
        Mutation(
            "one-spelling-scrubbed",
            "A token in an address, in JSON or in HTML would be kept.",
            (Edit("smsbus/body.py", "if token.isalnum() and token.isascii():", "if True:"),),
            (f"{HOSTILE}test_an_echo_of_the_token_is_removed_however_it_is_spelled",),
        ),
        Mutation(
            "error-with-address",
            "The error of a purchase would carry the address with the token.",
            (
                Edit(
                    "smsbus/transport.py",
                    "call.target(api_url, rent_url), attempt",
                    "call.url(api_url, rent_url, token), attempt",
                ),
                Edit("smsbus/transport.py", "reason = cause(error)", "reason = str(error)"),
            ),
            (f"{TRANSPORTS}test_a_refused_connection_was_not_sent",),
        ),
        Mutation(
            "poll-error-with-address",
            "The error of a poll would carry the address with the token.",
            (
                Edit(
                    "smsbus/polling.py",
                    "        except _LOST as error:\n"
                    "            failure = call.answer_lost(cause(error))\n",
                    "        except _LOST as error:\n"
                    "            url = call.url(self._api_url, self._rent_url, token)\n"
                    '            failure = call.answer_lost(f"{error!r} {url}")\n',
                ),
            ),
            (f"{TRANSPORTS}test_a_reset_after_the_request_loses_the_answer",),
        ),
        Mutation(
            "token-in-the-clear",
            "Whoever reads the database could buy with every team's money.",
            (
                Edit(
                    "core/crypto.py",
                    "    return header + nonce + AESGCM(key)",
                    "    return plaintext.encode()\n    return header + nonce + AESGCM(key)",
                ),
                Edit(
                    "core/crypto.py",
                    "    if len(sealed) < 2 or sealed[0] != VERSION:\n",
                    "    return sealed.decode()\n    if len(sealed) < 2 or sealed[0] != VERSION:\n",
                ),
            ),
            (ACCOUNTS_CANARY, f"{CRYPTO}test_two_seals_of_one_secret_tell_nothing_of_each_other"),
        ),
        Mutation(
            "token-for-any-row",
            "A sealed token that is copied into another team's row would open there.",
            (
                Edit(
                    "core/crypto.py",
                    "associated = header + context.encode()",
                    "associated = header",
                ),
                Edit(
                    "core/crypto.py",
                    "ciphertext, header + context.encode())",
                    "ciphertext, header)",
                ),
            ),
            (f"{CRYPTO}test_it_does_not_open_in_another_row",),
        ),
        Mutation(
            "answer-in-the-clear",
            "Whoever reads the database could read what the provider has answered.",
            (
                Edit(
                    "rentals/models/purchase.py",
                    "self.answer_sealed = crypto.seal(body, context=self._context())",
                    "self.answer_sealed = body.encode()",
                ),
                Edit(
                    "rentals/models/purchase.py",
                    "return crypto.unseal(self.answer_sealed, context=self._context())",
                    "return bytes(self.answer_sealed).decode()",
                ),
            ),
            (f"{SENDING}test_the_raw_answer_is_kept_sealed",),
        ),
        Mutation(
            "removed-but-kept",
            "The token of a removed account would stay in the database.",
            (
                Edit(
                    "accounts/operations/provider_accounts.py",
                    '        token_sealed=b"",\n        token_last4="",\n',
                    '        token_last4="",\n',
                ),
            ),
            (
                "tests/accounts/test_provider_accounts.py::test_removing_wipes_the_secrets_and_keeps_the_row",
            ),
        ),
    ),
)
