"""Starts the parts of the site, keeps them running, and ends them together.

It knows nothing of Django: it is up before the settings are read, because it decides what they say
(which Redis, which provider, which port). `python -m core.supervisor` and `manage.py up` run it.

    stack.py       which parts there are, from the environment
    child.py       one running part: its process group, its output, its log file
    supervisor.py  start, restart, stop
    reaper.py      a process that ends everything when the supervisor itself is killed
    screen.py      what the person at the terminal sees
"""
