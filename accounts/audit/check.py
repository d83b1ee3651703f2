"""The audit trail proved: every entry, its place in the chain, and the chain's end.

Read in batches, and safe on a site at work: entries are only ever added, and what came while the
others were read is looked at with the chain locked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from accounts.audit.record import CHAIN, ENTRY
from accounts.models import Action, AuditChain, AuditEntry
from core import crypto

BATCH = 1000


@dataclass(slots=True)
class Walk:
    """How far the reading of a chain has come, and what the next entry must follow."""

    sequence: int = 0
    head: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """An end of a chain that somebody has kept: entry ``sequence`` had this signature."""

    chain: str
    sequence: int
    signature: str

    @classmethod
    def parse(cls, text: str) -> "End":
        """Read what ``str`` gives. Raises ``ValueError``."""
        chain, sequence, signature = text.split()
        return cls(chain, int(sequence), signature)

    def __str__(self) -> str:
        return f"{self.chain} {self.sequence} {self.signature}"


def check_chain(key: str) -> Iterator[str]:
    """Yield each break in the chain ``key``: what was edited, taken out, put in, or cut off."""
    walk = Walk()
    try:
        yield from _check_entries(key, walk)
        with transaction.atomic():
            chain = AuditChain.objects.select_for_update().filter(key=key).first()
            yield from _check_entries(key, walk)
            yield from _check_end(key, chain, walk)
    except (TypeError, ValueError) as error:  # SQLite keeps anything in any column
        yield f"{key}: what comes after {walk.sequence} cannot be read: {error}"


def check_chains() -> Iterator[str]:
    """Yield each break in any chain; the site's chain knows which there must be."""
    keys = set(AuditChain.objects.values_list("key", flat=True))
    keys |= set(AuditEntry.objects.values_list("chain_id", flat=True).distinct())
    keys |= set(_begun().values_list("after__chain", flat=True))
    if keys:
        keys.add(AuditChain.SITE)
    for key in sorted(map(str, keys)):
        yield from check_chain(key)


def check_kept_end(end: End) -> Iterator[str]:
    """Yield a break where the trail no longer holds what it held when ``end`` was kept."""
    entry = AuditEntry.objects.filter(chain=end.chain, sequence=end.sequence).first()
    if entry is None:
        yield f"{end.chain} {end.sequence}: missing, although it was there when its end was kept"
    elif entry.signature != end.signature:
        yield f"{end.chain} {end.sequence}: another entry than when its end was kept"


def _check_entries(key: str, walk: Walk) -> Iterator[str]:
    entries = AuditEntry.objects.filter(chain=key).order_by("sequence", "pk")
    while batch := list(entries.filter(sequence__gt=walk.sequence)[:BATCH]):
        for entry in batch:
            yield from _check_entry(entry, walk)


def _check_entry(entry: AuditEntry, walk: Walk) -> Iterator[str]:
    place = f"{entry.chain_id} {entry.sequence}"
    missing = entry.sequence - walk.sequence - 1
    if missing > 0:
        yield f"{place}: {missing} missing before it"
    elif entry.previous != walk.head:
        yield f"{place}: does not follow the entry before it"
    yield from _check_signature(place, entry.canonical(), entry.signature, ENTRY)
    walk.sequence, walk.head = entry.sequence, entry.signature
    walk.count += 1


def _check_end(key: str, chain: AuditChain | None, walk: Walk) -> Iterator[str]:
    place = f"{key} end"
    there = AuditEntry.objects.filter(chain=key).count()
    if there > walk.count:  # at places below 1, or taken by another
        yield f"{key}: {there - walk.count} put in"
    if chain is None:
        if there:
            yield f"{place}: the chain's own row is missing"
        elif key == AuditChain.SITE or _begun().filter(after__chain=key).exists():
            yield f"{key}: the whole chain is missing"
        return
    if chain.length > walk.sequence:
        yield f"{place}: cut off, {chain.length - walk.sequence} missing after {walk.sequence}"
    elif chain.length < walk.sequence:
        yield f"{place}: {walk.sequence - chain.length} put in after {chain.length}"
    elif chain.head != walk.head:
        yield f"{place}: the last entry is another one"
    yield from _check_signature(place, chain.canonical(), chain.signature, CHAIN)


def _begun() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(chain=AuditChain.SITE, action=Action.CHAIN_BEGUN)


def _check_signature(place: str, message: bytes, signature: str, purpose: str) -> Iterator[str]:
    try:
        if not crypto.is_signed(message, signature, purpose=purpose):
            yield f"{place}: edited"
    except crypto.CannotUnseal as error:
        yield f"{place}: cannot be checked: {error}"
