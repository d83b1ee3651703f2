"""What tells people something, and what carries it to them. Keyword-only; each may run twice."""

from notify.operations.telling import managers_of, notify

__all__ = ["managers_of", "notify"]
