"""manage.py verify_audit: finds whatever was done to the trail behind its back."""

import random
import uuid
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import override_settings
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.audit import check, record
from accounts.models import Action, AuditChain, AuditEntry, Team, User
from accounts.models.audit import canonical
from core import crypto
from tests.factories import make_provider_account, make_team
from tests.plugins.append_only import tampering

pytestmark = pytest.mark.django_db
TAMPERINGS = 1000
SHARES = 4  # so that several processes can take one
LENGTH = 12
Rows = list[AuditEntry]


@pytest.fixture
def trail(team: Team, alice: User) -> str:
    """Three chains: two teams' and the site's; returns the key of the longest."""
    for place, one in enumerate((team, make_team())):
        account = make_provider_account(one)
        for number in range(LENGTH - 3 * place):
            facts = {"name": f"Name {number}"}
            record(action=Action.ACCOUNT_RENAMED, team=one, actor=alice, obj=account, after=facts)
    for _ in range(4):
        record(action=Action.SIGNED_IN, actor=alice, obj=alice)
    return AuditChain.key_of(team)


def verify(*options: str) -> tuple[str, str]:
    """What the command prints, and what it says at the end."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_audit", *options, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), f"{error}, exit status {error.returncode}"
    return out.getvalue(), err.getvalue()


def entries(key: str) -> Rows:
    return list(AuditEntry.objects.filter(chain=key).order_by("sequence"))


def edit(entry: AuditEntry, **columns: object) -> None:
    AuditEntry.objects.filter(pk=entry.pk).update(**columns)


# --- what one can do to a trail, each with chance deciding where


def edit_a_column(rows: Rows, chance: random.Random) -> None:
    entry = chance.choice(rows)
    column = chance.choice((*AuditEntry.SIGNED, "signature"))
    edit(entry, **{column: another(column, entry, chance)})


def another(column: str, entry: AuditEntry, chance: random.Random) -> Any:
    """A value that ``column`` of ``entry`` does not have."""
    value = getattr(entry, column)
    return chance.choice([other for other in others(column, value, chance) if other != value])


def others(column: str, value: Any, chance: random.Random) -> list[Any]:
    match column:
        case "id":
            return [uuid.UUID(int=chance.getrandbits(128))]
        case "chain_id":
            return [*AuditChain.objects.order_by("key").values_list("key", flat=True), "team-0"]
        case "sequence":
            return [0, -value, value + 100]
        case "at":
            return [value + timedelta(microseconds=by) for by in (-1, 1)]
        case "actor_id":
            return [None, (value or 0) + 1]
        case "before" | "after":
            return [{**value, "name": name} for name in (1, None, "Other")]
        case "action":
            return list(Action)
        case "previous" | "signature":
            return [f"{value}0", value[:-1], "", crypto.sign(b"", purpose="x")]
    return [f"{value}x", value[1:], value[:-1], value.swapcase()]


def take_some_out(rows: Rows, chance: random.Random) -> None:
    gone = chance.sample(rows, chance.randint(1, len(rows)))
    AuditEntry.objects.filter(pk__in=[entry.pk for entry in gone]).delete()


def swap_two(rows: Rows, chance: random.Random) -> None:
    one, other = chance.sample(rows, 2)
    edit(one, sequence=10**6)
    edit(other, sequence=one.sequence)
    edit(one, sequence=other.sequence)


def swap_what_two_say(rows: Rows, chance: random.Random) -> None:
    one, other = chance.sample(rows, 2)
    for entry, said in ((one, other), (other, one)):
        edit(entry, at=said.at, action=said.action, after=said.after, signature=said.signature)


def cut_the_tail(rows: Rows, chance: random.Random) -> None:
    left = chance.randrange(len(rows))
    AuditEntry.objects.filter(pk__in=[entry.pk for entry in rows[left:]]).delete()
    if chance.random() < 0.8:  # and make the chain's row say so
        head = rows[left - 1].signature if left else ""
        AuditChain.objects.filter(pk=rows[0].chain_id).update(length=left, head=head)


def put_one_in(rows: Rows, chance: random.Random) -> None:
    like, last = chance.choice(rows), rows[-1]
    like.pk, like.after = uuid.UUID(int=chance.getrandbits(128)), {"name": "Forged"}
    like.sequence = chance.choice([0, -1, last.sequence + 1, last.sequence + 2])
    like.previous = last.signature
    with forging_keys(chance):
        like.signature = crypto.sign(like.canonical(), purpose=chance.choice(["audit-entry", "x"]))
    AuditEntry.objects.bulk_create([like])
    if chance.random() < 0.5:
        AuditChain.objects.filter(pk=like.chain_id).update(
            length=last.sequence + 1, head=like.signature
        )


def change_the_end(rows: Rows, chance: random.Random) -> None:
    chain = AuditChain.objects.get(key=rows[0].chain_id)
    changes = (
        {"length": chain.length + chance.choice([-1, 1])},
        {"head": chance.choice(rows[:-1]).signature},
        {"signature": chance.choice(rows).signature},
        {"signature": ""},
        {"team_id": (chain.team_id or 0) + 1000},
        {"key": "team-0"},
    )
    AuditChain.objects.filter(pk=chain.pk).update(**chance.choice(changes))


def lose_the_end(rows: Rows, chance: random.Random) -> None:
    # Not delete(), which looks after the entries.
    AuditChain.objects.filter(pk=rows[0].chain_id)._raw_delete(using="default")


def lose_the_chain(rows: Rows, chance: random.Random) -> None:
    AuditEntry.objects.filter(chain=rows[0].chain_id).delete()
    lose_the_end(rows, chance)


def write_it_anew(rows: Rows, chance: random.Random) -> None:
    """Everything as the site does it, from some entry on, but for its key."""
    start = chance.randrange(len(rows))
    chain, head = rows[0].chain, rows[start].previous
    with forging_keys(chance):
        for entry in rows[start:]:
            entry.actor_name, entry.previous = "Mallory", head
            head = crypto.sign(entry.canonical(), purpose="audit-entry")
            edit(entry, actor_name="Mallory", previous=entry.previous, signature=head)
        message = canonical([chain.key, chain.team_id, chain.length, head])
        signature = crypto.sign(message, purpose="audit-chain")
    AuditChain.objects.filter(pk=chain.pk).update(head=head, signature=signature)


def forging_keys(chance: random.Random) -> override_settings:
    """Another key, under the name of the right one or of one that nobody has."""
    return override_settings(AUDIT_KEYS={chance.choice(["test", "gone"]): chance.randbytes(32)})


WAYS: tuple[Callable[[Rows, random.Random], None], ...] = (
    *([edit_a_column] * 5),
    *(take_some_out, swap_two, swap_what_two_say, cut_the_tail, put_one_in),
    *(change_the_end, lose_the_end, lose_the_chain, write_it_anew),
)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_thousand_tamperings_are_all_found(trail: str, share: int) -> None:
    chance = random.Random(share)
    keys = sorted(AuditChain.objects.values_list("key", flat=True))
    missed, done, before = [], 0, everything()
    with tampering("accounts_auditentry"):
        while done < TAMPERINGS // SHARES:
            way = chance.choice(WAYS)
            rows = entries(chance.choice(keys))
            savepoint = transaction.savepoint()
            try:
                with transaction.atomic():
                    way(rows, chance)
            except IntegrityError:  # two entries at one place: the database is in the way
                transaction.savepoint_rollback(savepoint)
                continue
            assert everything() != before, way
            done += 1
            if not list(check.check_chains()):
                missed.append((done, way.__name__))
            transaction.savepoint_rollback(savepoint)
    assert missed == []
    assert list(check.check_chains()) == []


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values_list()) for model in (AuditChain, AuditEntry)]


# --- and what the command says


def edit_one(rows: Rows) -> None:
    edit(rows[4], actor_name="Mallory")


def sign_one_again(rows: Rows) -> None:
    edit(rows[4], signature=crypto.sign(b"x", purpose="audit-entry"))


def take_two_out(rows: Rows) -> None:
    AuditEntry.objects.filter(pk__in=[rows[4].pk, rows[5].pk]).delete()


def cut_two_off(rows: Rows) -> None:
    AuditEntry.objects.filter(pk__in=[rows[-1].pk, rows[-2].pk]).delete()


def cut_two_off_and_say_so(rows: Rows) -> None:
    cut_two_off(rows)
    AuditChain.objects.filter(pk=rows[0].chain_id).update(
        length=LENGTH - 2, head=rows[-3].signature
    )


def change_places(rows: Rows) -> None:
    swap_two([rows[3], rows[4]], random.Random(0))


def add_one(rows: Rows) -> None:
    rows[0].pk, rows[0].sequence = uuid.uuid4(), LENGTH + 1
    AuditEntry.objects.bulk_create([rows[0]])


def add_one_before_the_first(rows: Rows) -> None:
    rows[0].pk, rows[0].sequence = uuid.uuid4(), 0
    AuditEntry.objects.bulk_create([rows[0]])


def another_last(rows: Rows) -> None:
    AuditChain.objects.filter(pk=rows[0].chain_id).update(head=rows[0].signature)


@pytest.mark.parametrize(
    ("tamper", "lines"),
    [
        (edit_one, ["KEY 5: edited"]),
        (sign_one_again, ["KEY 5: edited", "KEY 6: does not follow the entry before it"]),
        (take_two_out, ["KEY 7: 2 missing before it"]),
        (cut_two_off, ["KEY end: cut off, 2 missing after 10"]),
        (cut_two_off_and_say_so, ["KEY end: edited"]),
        (
            change_places,
            [
                *("KEY 4: does not follow the entry before it", "KEY 4: edited"),
                *("KEY 5: does not follow the entry before it", "KEY 5: edited"),
                "KEY 6: does not follow the entry before it",
            ],
        ),
        (
            add_one,
            [
                *("KEY 13: does not follow the entry before it", "KEY 13: edited"),
                "KEY end: 1 put in after 12",
            ],
        ),
        (add_one_before_the_first, ["KEY: 1 put in"]),
        (another_last, ["KEY end: the last entry is another one", "KEY end: edited"]),
        (
            lambda rows: lose_the_end(rows, random.Random()),
            ["KEY end: the chain's own row is missing"],
        ),
        (lambda rows: lose_the_chain(rows, random.Random()), ["KEY: the whole chain is missing"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_break_is_named(
    trail: str, team: Team, tamper: Callable[[Rows], None], lines: list[str]
) -> None:
    with tampering("accounts_auditentry"):
        savepoint = transaction.savepoint()
        tamper(entries(trail))
        found = verify()
        of_team = verify("--team", team.slug)
        transaction.savepoint_rollback(savepoint)
    expected = [line.replace("KEY", trail) for line in lines]
    assert found[0].splitlines() == expected
    assert found[1] == f"{len(expected)} breaks in the audit trail, exit status 1"
    assert of_team == found


def test_a_whole_trail_is_said_to_be_so(trail: str, team: Team) -> None:
    total = LENGTH + (LENGTH - 3) + 4 + 2
    assert verify() == ("", f"{total} entries in 3 chains: all verified\n")
    assert verify("--team", team.slug) == ("", f"{LENGTH} entries in 1 chains: all verified\n")
    assert verify("--team", make_team().slug)[1] == "0 entries in 0 chains: all verified\n"


def test_no_trail_at_all_is_whole_too() -> None:
    assert verify() == ("", "0 entries in 0 chains: all verified\n")


def test_what_is_put_back_to_an_older_state_is_found_by_the_ends_that_were_kept(
    trail: str, team: Team, tmp_path: Path
) -> None:
    older = list(AuditChain.objects.filter(key=trail).values())
    record(action=Action.ACCOUNT_RENAMED, team=team)
    kept = tmp_path / "ends.txt"
    kept.write_text(verify("--ends")[0])
    record(action=Action.ACCOUNT_RENAMED, team=team)
    assert len(kept.read_text().splitlines()) == 3
    assert verify("--expect", str(kept))[1].endswith("all verified\n")

    with tampering("accounts_auditentry"):
        savepoint = transaction.savepoint()
        AuditEntry.objects.filter(chain=trail, sequence__gt=LENGTH).delete()
        AuditChain.objects.filter(key=trail).update(**older[0])
        assert verify()[1].endswith("all verified\n")  # nothing inside of it can show it
        lines, _ = verify("--expect", str(kept))
        transaction.savepoint_rollback(savepoint)
    assert lines == f"{trail} 13: missing, although it was there when its end was kept\n"


def test_a_trail_that_was_written_anew_with_the_keys_is_found_so_too(
    trail: str, tmp_path: Path
) -> None:
    kept = tmp_path / "ends.txt"
    kept.write_text(f"{trail} 3 {crypto.sign(b'another', purpose='audit-entry')}\n")
    lines, _ = verify("--expect", str(kept))
    assert lines == f"{trail} 3: another entry than when its end was kept\n"


def test_what_is_no_end_or_no_team_is_refused(trail: str, tmp_path: Path) -> None:
    kept = tmp_path / "ends.txt"
    kept.write_text("this is no end at all\n")
    assert verify("--expect", str(kept))[1].startswith("this is no end of a chain")
    assert verify("--team", "nobody")[1].startswith("no team has the address nobody")


def test_keys_change_and_old_entries_are_proved_as_long_as_theirs_is_kept(
    trail: str, team: Team, settings: Settings
) -> None:
    old, new = settings.AUDIT_KEYS, {"new": bytes(32)}
    settings.AUDIT_KEYS = new | old
    record(action=Action.ACCOUNT_RENAMED, team=team)
    assert verify()[1].endswith("all verified\n")
    settings.AUDIT_KEYS = new
    lines, _ = verify("--team", team.slug)
    assert lines.count("cannot be checked: the key it was signed with is not in AUDIT_KEYS") == 12
    assert f"{trail} 13" not in lines


def test_it_reads_in_batches(
    trail: str,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(check, "BATCH", 5)
    # three with entries and one without, the savepoint and its end, the chain, a last look, the count
    with django_assert_num_queries(4 + 2 + 3):
        assert list(check.check_chain(trail)) == []
