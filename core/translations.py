"""Translations as gettext reads them: made from ``locale/*/LC_MESSAGES/django.po``, in the data directory.

They are no part of the repository. ``manage.py prepare`` makes them before the site starts.
"""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_translations(source: Path, target: Path) -> int:
    """Make what is older than its source; return how many languages were made anew.

    Written aside and moved into place: a process that starts meanwhile reads the old or the new one.
    """
    made = 0
    for po in sorted(source.glob("*/LC_MESSAGES/django.po")):
        mo = target / po.relative_to(source).with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        mo.parent.mkdir(parents=True, exist_ok=True)
        aside = mo.with_suffix(f".{os.getpid()}")
        with po.open("rb") as words, aside.open("wb") as compiled:
            write_mo(compiled, read_po(words, locale=po.parent.parent.name))
        aside.replace(mo)
        made += 1
    return made
