#!/usr/bin/env python
"""Django's command line: `manage.py up` starts everything, `manage.py help` lists the rest."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from core.env import BadSetting

    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except BadSetting as refusal:
        sys.exit(f"{sys.argv[0]}: {refusal}")


if __name__ == "__main__":
    main()
