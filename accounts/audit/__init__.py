"""The audit trail: written by ``record``, proved by ``check``."""

from accounts.audit.record import record

__all__ = ["record"]
