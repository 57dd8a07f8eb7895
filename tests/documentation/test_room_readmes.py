"""A room's README names only modules, folders and names that the room still has."""

import re

import pytest

from tests.architecture.rules import ROOT

READMES = sorted(
    path
    for pattern in ("[a-z]*/README.md", "[a-z]*/*/README.md")
    for path in ROOT.glob(pattern)
    if path.relative_to(ROOT).parts[0] not in {"docs", "tests", "var"}
)
_CODE = re.compile(r"`([^`\n]+)`")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?:\.\./)*((?:\w+/)*\w+\.(?:py|json|vy))")
_DOTTED = re.compile(r"[a-z_0-9]+(?:\.[A-Za-z_0-9]+)+")


def room_of(path):
    return path.relative_to(ROOT).parts[0]


def has_file(readme, name):
    """Whether the room, or a test of it, has a file whose path ends so: sections name folders."""
    folders = (ROOT / room_of(readme), ROOT / "tests" / "unit" / room_of(readme))
    return (ROOT / name).exists() or any(
        found
        for folder in folders
        for found in folder.rglob(name.rsplit("/", 1)[-1])
        if str(found).endswith(f"/{name}")
    )


def defines(module, name):
    pattern = rf"^ *(?:async )?(?:def|class) {name}\b|^ *{name}(?::.*)?(?: =|$)"
    return re.search(pattern, module.read_text(encoding="utf-8"), re.MULTILINE) is not None


def has_name(folder, parts):
    """Whether the folder has that module, or the module a definition of the name after it."""
    first, rest = parts[0], parts[1:]
    module = folder / f"{first}.py"
    if module.exists():
        return not rest or defines(module, rest[0])
    if (folder / first).is_dir():
        return not rest or has_name(folder / first, rest)
    return (folder / "__init__.py").exists() and first in (folder / "__init__.py").read_text()


def is_of(folder, name):
    return (folder / name).is_dir() or (folder / f"{name}.py").exists()


def stale_names(readme, text):
    found = []
    for code in _CODE.findall(_FENCED.sub("", text)):
        if match := _FILE.fullmatch(code):
            found += [] if has_file(readme, match[1]) else [code]
        elif _DOTTED.fullmatch(code):
            parts = code.split(".")
            folders = [each for each in (readme.parent, ROOT) if is_of(each, parts[0])]
            found += [] if not folders or any(has_name(each, parts) for each in folders) else [code]
    return found


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_what_a_readme_names_is_there(readme):
    assert stale_names(readme, readme.read_text(encoding="utf-8")) == []


def test_what_is_not_there_is_noticed():
    text = "`queries.py` `tree/merkle.py` `tree.merkle` `tree.forgotten` `services.append_entry`"
    readme = ROOT / "ledger" / "log" / "README.md"
    assert stale_names(readme, f"{text} `services.forget_entry` `gone.py`") == [
        "tree.forgotten", "services.forget_entry", "gone.py",
    ]  # fmt: skip
