"""Writing the audit trail: one entry at a time, at the end of its chain."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from accounts.audit import origin
from accounts.models import Action, AuditChain, AuditEntry, Team, User
from core import crypto
from core.redaction import redact

ENTRY = "audit-entry"
CHAIN = "audit-chain"

Facts = Mapping[
    str, str | int | bool | None
]  # of JSON's numbers, databases change all but integers


def record(
    *,
    action: Action,
    team: Team | None = None,
    actor: User | None = None,
    obj: models.Model | None = None,
    before: Facts | None = None,
    after: Facts | None = None,
) -> AuditEntry:
    """Write down that ``actor`` did ``action`` to ``obj``, which changed from ``before`` to ``after``.

    In the transaction of what was done, and last in it: from here to the commit everybody else who
    writes in the same chain waits. ``team`` is None for what concerns the whole site, ``actor`` None
    for what the site did by itself. ``before`` and ``after`` hold what a person may read: never a
    secret. Raises ``TransactionManagementError`` outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit entry goes with what it tells of")
    chain = _lock_chain(team)
    begun = chain.length == 0 and team is not None
    entry = _append(
        chain,
        action=action,
        **_about_actor(actor),
        **_about_object(obj),
        before=_clean(before),
        after=_clean(after),
    )
    if begun:  # so that the site's chain knows which there must be
        site = AuditChain.objects.get(key=AuditChain.SITE)
        _append(site, action=Action.CHAIN_BEGUN, **_about_object(team), after={"chain": chain.key})
    return entry


def _lock_chain(team: Team | None) -> AuditChain:
    key = AuditChain.key_of(team)
    locked = AuditChain.objects.select_for_update().filter(key=key)
    chain = locked.first()
    if chain is None:
        if team is not None:
            # The site's chain first, for everybody: its lock is held until the new one is told of.
            _lock_chain(None)
        fresh = AuditChain(key=key, team=team)
        AuditChain.objects.bulk_create([fresh], ignore_conflicts=True)
        chain = locked.get()
    return chain


def _append(chain: AuditChain, **columns: Any) -> AuditEntry:
    where = origin.current()
    chain.length += 1
    entry = AuditEntry(
        chain=chain,
        sequence=chain.length,
        at=timezone.now(),
        ip=where.ip,
        user_agent=redact(where.user_agent),
        previous=chain.head,
        **columns,
    )
    entry.signature = crypto.sign(entry.canonical(), purpose=ENTRY)
    entry.save(force_insert=True)
    chain.head = entry.signature
    chain.signature = crypto.sign(chain.canonical(), purpose=CHAIN)
    chain.save(force_update=True)
    return entry


def _about_actor(actor: User | None) -> dict[str, Any]:
    if actor is None:
        return {}
    return {"actor_id": actor.pk, "actor_name": actor.short_name, "actor_email": actor.email}


def _about_object(obj: models.Model | None) -> dict[str, str]:
    if obj is None:
        return {}
    label = redact(str(obj))[:200]
    return {"object_type": obj._meta.label, "object_id": str(obj.pk), "object_label": label}


def _clean(facts: Facts | None) -> dict[str, Any]:
    return {
        name: redact(value) if isinstance(value, str) else value
        for name, value in (facts or {}).items()
    }
