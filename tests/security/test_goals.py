"""Which tests prove which security goal: the index of them all, which fails when one is gone.

The goals are those of SECURITY.md, where each has its sentence.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Goal → file → tests in it; the names may end in * for all that begin so.
PROOFS: dict[int | str, dict[str, tuple[str, ...]]] = {
    1: {
        "security/test_access_matrix.py": (
            "test_every_route_is_in_the_matrix",
            "test_everyone_gets_what_the_matrix_says",
            "test_the_things_of_another_team_are_not_found_under_ones_own",
        ),
        "security/test_stream_ends.py": (
            "test_goal_1_members_hear_their_team_and_nobody_else_does",
        ),
    },
    2: {
        "security/test_stream_ends.py": (
            "test_goal_2_a_stream_ends_within_five_seconds_of_the_right_to_it",
            "test_goal_2_the_streams_of_all_whom_it_concerns_end_within_five_seconds",
        ),
        "accounts/test_devices.py": ("test_all_others_are_ended_at_once_and_their_streams",),
    },
    3: {
        "security/test_second_factor.py": (
            "test_an_authenticator_app_is_set_up_and_asked_for",
            "test_a_recovery_code_signs_in_once",
            "test_requiring_one_ends_the_members_streams",
        ),
        "e2e/test_second_factor.py": (
            "test_an_authenticator_app_is_set_up_and_asked_for_at_the_next_sign_in",
            "test_a_passkey_signs_in_without_a_password",
        ),
    },
    4: {
        "security/test_fresh_sign_in.py": ("test_*",),
        "accounts/test_leaving.py": ("test_it_takes_signing_in_again",),
    },
    5: {
        "security/test_rate_limits.py": ("test_goal_5_*",),
        "security/test_proxies.py": ("test_*",),
    },
    6: {"security/test_requests.py": ("test_goal_6_*",)},
    7: {"security/test_requests.py": ("test_goal_7_*", "test_goals_7_and_8_*")},
    8: {
        "security/test_requests.py": ("test_goals_7_and_8_*",),
        "security/test_outgoing.py": ("test_only_the_providers_client_asks_anybody",),
    },
    9: {
        "security/test_hostile_texts.py": ("test_goal_9_*", "test_there_are_five_hundred_of_them"),
        "security/test_hostile_texts_in_chromium.py": ("test_goal_9_*",),
    },
    10: {
        "core/test_crypto.py": ("test_*",),
        "core/test_rotate_keys.py": ("test_*",),
        "accounts/test_provider_accounts.py": ("test_*",),
    },
    11: {
        "security/test_canary.py": ("test_goal_11_*",),
        "security/test_secrets.py": ("test_goal_11_*",),
        "accounts/test_canary.py": ("test_the_token_is_nowhere",),
        "rentals/test_canary.py": ("test_the_token_is_nowhere",),
        "core/test_redaction.py": ("test_*",),
    },
    13: {
        "security/test_requests.py": ("test_goal_13_*",),
        "security/test_extra_fields.py": ("test_goal_13_*",),
    },
    14: {"accounts/audit/test_check.py": ("test_a_thousand_tamperings_are_all_found",)},
    15: {"security/test_retention.py": ("test_goal_15_*",)},
    16: {"core/test_spreadsheet.py": ("test_*",)},
    17: {"security/test_requests.py": ("test_goal_17_check_deploy_is_clean",)},
    "fair use": {
        "rentals/operations/test_fairuse.py": ("test_*",),
        "rentals/operations/test_limits.py": ("test_*",),
        "security/test_private_messages.py": (
            "test_an_owner_or_admin_reads_it_once_with_a_reason_that_is_written_down",
            "test_nobody_else_finds_it_on_any_page",
        ),
    },
    "outgoing requests": {
        "security/test_outgoing.py": ("test_*",),
        "smsbus/test_transports.py": ("test_a_redirect_is_not_followed",),
    },
}
# Goals about things that the site does not have: with the thing comes its proof.
NOT_HERE = {12: ("api", "notify/webhooks.py")}
CLAIMS = [
    (goal, file, name)
    for goal, files in PROOFS.items()
    for file, names in files.items()
    for name in names
]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@pytest.mark.parametrize(("goal", "file", "name"), CLAIMS)
def test_what_proves_a_goal_is_there(goal: int | str, file: str, name: str) -> None:
    assert (ROOT / "tests" / file).is_file(), f"goal {goal} is proved by nothing: {file} is gone"
    pattern = re.compile(re.escape(name).replace(r"\*", ".*"))
    assert any(pattern.fullmatch(test) for test in names_in(file)), f"goal {goal}: {name} is gone"


def test_every_goal_has_a_proof() -> None:
    assert {goal for goal in PROOFS if isinstance(goal, int)} | set(NOT_HERE) == set(range(1, 18))
    for goal, packages in NOT_HERE.items():
        there = [package for package in packages if (ROOT / package).exists()]
        assert not there, f"{there} came without a proof of goal {goal}"


def test_a_test_that_is_named_after_a_goal_is_in_the_index() -> None:
    for path in (ROOT / "tests" / "security").glob("test_*.py"):
        for test in names_in(f"security/{path.name}"):
            named = re.match(r"test_goals?_(\d+)(?:_and_(\d+))?_", test)
            for goal in (int(number) for number in (named.groups() if named else ()) if number):
                names = PROOFS[goal].get(f"security/{path.name}", ())
                patterns = [re.escape(name).replace(r"\*", ".*") for name in names]
                assert any(re.fullmatch(pattern, test) for pattern in patterns), test


def test_the_table_for_readers_has_the_same_goals_and_files() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert "tests/security/test_goals.py" in text
    for goal, files in PROOFS.items():
        if isinstance(goal, int):
            (row,) = re.findall(rf"^\| {goal}\. .*$", text, re.MULTILINE)
            for file in files:
                folder = file.rpartition("/")[0]
                assert file in row or f"`{folder}/`" in row, f"goal {goal}: {file} is not in {row}"
