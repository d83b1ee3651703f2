"""The Redis channels between those who publish and the streams. Shared by both, imports neither.

A message is a signal without content: who gets one reads the page again, with the rights they
have by then.
"""

import re

PATTERN = "busstop:live:*"
CLOSE = "busstop:live:close"
"""Message: `<user id>@<moment>` ends all streams of a user, `<user id>:<team id>@<moment>` those in
one team; tickets made before that Unix time (in seconds) open none any more."""
CLOSING = re.compile(r"(\d{1,19})(?::(\d{1,19}))?@(\d{1,12}\.\d{3})", re.ASCII)

EVERY_TEAM = "busstop:live:every"
"""Message: a topic that changed for all teams at once."""

# No line break can get into the event stream, and no topic is long enough to be a payload.
TOPIC = re.compile(r"[A-Za-z0-9_:.-]{1,100}\Z")


def team_channel(team_id: int) -> str:
    """Return the channel whose messages are the topics that changed in a team."""
    return f"busstop:live:{team_id}"
