"""How the site is: what its processes report, and the words and figures that become of it.

``store`` is where processes write what they know about themselves, ``calls`` counts the calls to the
provider, ``reporter`` writes both every few seconds. ``fact`` is one thing to know, with its level.
What the facts are is said above: in ``rentals.health``.
"""
