"""What the documents point to exists: links, headings, targets of make, settings, files, facts."""

import re
import shlex

import pytest
import yaml

from app.core.errors import CounterfoilError
from app.settings import DEFAULTS, OPTIONAL, from_environment
from tests.architecture import rules
from tests.documentation.blocks import ROOT

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "[a-z]*/README.md", "[a-z]*/*/README.md")
    for path in ROOT.glob(pattern)
    if not path.is_relative_to(ROOT / "var")
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_PATH = re.compile(
    r"(?<![\w/.{])(?:\./)?((?:[\w.-]+/)+[\w.-]+\.(?:py|md|json|yaml|sql|toml|txt))\b"
)
MADE_AT_RUN_TIME = ("var/", "check/")


def document_id(path):
    return str(path.relative_to(ROOT))


def anchors(text):
    """The anchors of a document's headings, as GitHub makes them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


def _has_heading(path, anchor):
    return not anchor or anchor in anchors(path.read_text(encoding="utf-8"))


def broken_links(path, text):
    found = []
    for target in _LINK.findall(_CODE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists() or not _has_heading(there, anchor):
            found.append(target)
    return found


def unknown_targets(text):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    code = "\n".join(match[0] for match in _CODE.finditer(text))
    return set(re.findall(r"(?:^|`|&& )make ([a-z][a-z-]*)", code, re.MULTILINE)) - known


def missing_files(text):
    """Files of the project that shell blocks and inline code name, and that are not there."""
    code = "\n".join(match[0] for match in _CODE.finditer(text))
    named = set(_PATH.findall(code))
    tops = {path.name for path in ROOT.iterdir()}
    ours = {name for name in named if name.split("/")[0] in tops}
    return {
        name
        for name in ours
        if not name.startswith(MADE_AT_RUN_TIME) and not (ROOT / name).exists()
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=document_id)
def test_every_link_leads_somewhere(path):
    assert broken_links(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=document_id)
def test_every_make_target_and_file_that_is_named_exists(path):
    text = path.read_text(encoding="utf-8")
    assert unknown_targets(text) == set()
    assert missing_files(text) == set()


def test_what_leads_nowhere_is_noticed():
    readme = ROOT / "README.md"
    text = (
        "[a](docs/nowhere.md) [b](docs/problems.md#no-such-slug) [c](docs/problems.md#rate-limited)"
    )
    assert broken_links(readme, text) == ["docs/nowhere.md", "docs/problems.md#no-such-slug"]
    assert unknown_targets("Run `make test`, then `make money`.") == {"money"}
    assert missing_files("```\npython docs/nowhere.py docs/problems.md\n```") == {"docs/nowhere.py"}


def test_every_decision_is_headed_by_its_number():
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        heading = path.read_text(encoding="utf-8").splitlines()[0]
        assert re.match(rf"# {path.name[:4]} \w", heading), path.name


def test_every_setting_is_documented_and_every_documented_setting_exists():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^### `([A-Z_]+)`$", text, re.MULTILINE))
    assert documented == {*DEFAULTS, *OPTIONAL}


def test_no_document_names_a_setting_that_does_not_exist():
    known = {*DEFAULTS, *OPTIONAL, "COUNTERFOIL_OPERATOR_PASSWORD", "COUNTERFOIL_TOKEN"}
    for path in DOCUMENTS:
        named = set(re.findall(r"\bCOUNTERFOIL_[A-Z_]+\b", path.read_text(encoding="utf-8")))
        assert named <= known, document_id(path)


def problem_entries():
    text = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^### (\S+)\n(\*\*\d{3}\*\* .*)$", text, re.MULTILINE))


def test_every_problem_is_explained_with_its_status_and_title():
    rules.import_all()
    entries = problem_entries()
    kinds = [kind for kind in rules.subclasses(CounterfoilError) if "slug" in vars(kind)]
    for kind in kinds:
        status = CounterfoilError.status.fget(kind)
        assert entries[kind.slug].startswith(f"**{status}** {kind.title}."), kind.slug


def test_no_problem_is_explained_that_cannot_happen():
    rules.import_all()
    answered_by_the_edge = {"rate-limited", "internal-error"}
    assert set(problem_entries()) == {*rules.slugs(), *answered_by_the_edge}


def test_shell_blocks_are_marked_as_such():
    languages = {
        match["language"]
        for path in DOCUMENTS
        for match in _FENCE.finditer(path.read_text(encoding="utf-8"))
    }
    assert "shell" not in languages
    assert "bash" not in languages


ASKED = {
    "PUBLIC_URL": "https://exchange.example",
    "LOG_HOST": "exchange.example",
    "CHAIN_URL": "http://besu.internal:8545",
    "CHAIN_ID": "1337",
    "CHAIN_GAS_GWEI_MAX": "0",
    "BANK_ACCOUNT_CNY": "Example Exchange Co., Ltd., Bank of Examples, 6222 0000 0000 0000",
    "COUNTERFOIL_SECRET": "x" * 32,
    "PROXY_NETWORKS": "172.16.0.0/12",
    "METRICS_TOKEN": "scrape-me",
    "POSTGRES_PASSWORD": "one",
    "APPLICATION_PASSWORD": "other",
}


def test_the_containers_start_with_what_the_page_asks_for():
    """As far as it shows without a container engine: nothing is missing, nothing has a default."""
    text = (ROOT / "docs" / "compose.yaml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+):\?\}", text)) == set(ASKED)
    assert [name for name in ASKED if f"`{name}`" not in page] == []
    filled = re.sub(r"\$\{(\w+):\?\}", lambda match: ASKED[match[1]], text)
    filled = re.sub(r"\$\{\w+:-\}", "", filled)
    services = yaml.safe_load(filled)["services"]
    settings = from_environment(services["exchange"]["environment"])
    assert settings.is_production
    assert services["exchange"]["user"] == services["owner"]["command"][2] != "0:0"
    assert (settings.chain_id, settings.chain_gas_gwei_max) == (1337, 0)
    assert settings.bank_accounts == {"CNY": ASKED["BANK_ACCOUNT_CNY"]}
    script = (ROOT / "docs" / "compose-init.sql").read_text(encoding="utf-8")
    read = re.findall(r"^\\getenv \w+ (\w+)$", script, re.MULTILINE)
    assert read == ["APPLICATION_PASSWORD"]
    assert set(read) <= set(services["postgres"]["environment"])
    assert re.findall(r"PASSWORD '", script) == []


def test_what_the_page_exports_starts_an_installation():
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    block = next(match["text"] for match in _FENCE.finditer(page))
    exports = [shlex.split(line, comments=True) for line in block.splitlines()]
    given = dict(each[1].split("=", 1) for each in exports if each[0] == "export")
    settings = from_environment(
        {name: value.replace("…", "x" * 32) for name, value in given.items()}
    )
    assert settings.is_production
    assert "COUNTERFOIL_CHAIN_GAS_GWEI_MAX" in given
    assert settings.chain_id is not None


def test_no_two_decisions_have_one_number():
    numbers = [path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")]
    assert sorted(numbers) == sorted(set(numbers))
