"""Notifications, alerts, and which of them come by mail. What is shown is one's own, never another's."""
