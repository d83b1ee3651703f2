"""Every sentence that the product asks gettext for, found without gettext's own tools.

``script/words`` brings ``locale/*/LC_MESSAGES/django.po`` up to date with it; a test compares both.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PROJECT = Path(__file__).resolve().parent.parent.parent
CATALOGUES = sorted((PROJECT / "locale").glob("*/LC_MESSAGES/django.po"))
CODE = (
    "accounts",
    "api",
    "catalog",
    "compat",
    "config",
    "core",
    "live",
    "notify",
    "rentals",
    "reports",
)
CALL = re.compile(r"\b(?:n|p|np)?gettext\(")
SUFFIXES = ("_lazy", "_noop")

Word = tuple[str, str, str]  # context, singular, plural


def words() -> set[Word]:
    """All of them, in code and in templates."""
    found: set[Word] = set()
    for folder in CODE:
        for path in (PROJECT / folder).rglob("*.py"):
            found |= set(_in_code(ast.parse(path.read_text())))
    for path in (PROJECT / "templates").rglob("*.*"):
        found |= set(_in_template(path.read_text()))
    return found


def _in_code(tree: ast.AST) -> Iterator[Word]:
    names = _names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield from _of_call(names[node.func.id], node)


def _names(tree: ast.AST) -> dict[str, str]:
    """What gettext's functions are called in a module: ``{"_": "gettext"}``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            for name in node.names:
                plain = name.name
                for suffix in SUFFIXES:
                    plain = plain.removesuffix(suffix)
                if CALL.match(plain + "("):
                    names[name.asname or name.name] = plain
    return names


def _of_call(function: str, call: ast.Call) -> Iterator[Word]:
    texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    strings = [text for text in texts if isinstance(text, str)]
    context = strings.pop(0) if function.startswith(("p", "np")) and len(strings) > 1 else ""
    if not strings:
        return  # a sentence in a variable: it was found where it was marked
    plural = strings[1] if function.startswith("n") else ""
    yield context, strings[0], plural


def _in_template(text: str) -> Iterator[Word]:
    code = templatize(text)
    for match in CALL.finditer(code):
        call = _first_call(code[match.start() :])
        if call:
            yield from _of_call(code[match.start() : match.end() - 1], call)


def _first_call(code: str) -> ast.Call | None:
    """The call that ``code`` begins with; what stands behind it is no Python."""
    for end in (match.end() for match in re.finditer(r"\)", code)):
        try:
            tree = ast.parse(code[:end].replace("\n", "\\n"), mode="eval")
        except SyntaxError:
            continue
        return tree.body if isinstance(tree.body, ast.Call) else None
    return None


def missing(path: Path) -> list[Word]:
    """The sentences that a catalogue lacks, or has without a sure translation."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    return sorted(word for word in words() if not _is_translated(catalogue, word))


def _is_translated(catalogue: Catalog, word: Word) -> bool:
    context, singular, _plural = word
    message = catalogue.get(singular, context or None)
    if message is None or message.fuzzy:
        return False
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(strings)


def update(path: Path) -> None:
    """Bring a catalogue up to date: what is new is empty, what is gone is gone."""
    with path.open("rb") as file:
        old = read_po(file)
    new = Catalog(
        locale=old.locale,
        header_comment=old.header_comment,
        project="Busstop",
        version="1",
        msgid_bugs_address="see CONTRIBUTING.md",
        creation_date=old.creation_date,
        revision_date=old.revision_date,
        last_translator="Busstop",
        language_team=old.locale_identifier or "",
        fuzzy=False,
    )
    for context, singular, plural in sorted(words(), key=lambda word: (word[1].lower(), word)):
        known = old.get(singular, context or None)
        empty = ("", "") if plural else ""
        flags = {"python-format"} if "%(" in singular or "%%" in singular else set()
        ids = (singular, plural) if plural else singular
        kept = known.string if known and (known.pluralizable == bool(plural)) else empty
        new.add(ids, kept, context=context or None, flags=flags)
    with path.open("wb") as file:
        write_po(file, new, width=100, omit_header=False, sort_output=False, no_location=True)


if __name__ == "__main__":
    for catalogue_path in CATALOGUES:
        update(catalogue_path)
        lacking = missing(catalogue_path)
        print(f"{catalogue_path.parent.parent.name}: {len(lacking)} of {len(words())} to translate")
        for word in lacking:
            print("  ", " / ".join(filter(None, word)))
    sys.exit(0)
