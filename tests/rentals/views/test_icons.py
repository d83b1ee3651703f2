"""The sprite holds the icons in use, all of them and no others."""

import re
from pathlib import Path

from django.conf import settings


def test_the_sprite_and_the_templates_name_the_same_icons() -> None:
    base = Path(settings.BASE_DIR)
    sprite = (base / "static/img/icons.svg").read_text()
    templates = "".join(path.read_text() for path in (base / "templates").rglob("*.html"))

    drawn = set(re.findall(r'<symbol id="([a-z-]+)"', sprite))
    used = set(re.findall(r'{% icon "([a-z-]+)" %}', templates))

    assert used == drawn
