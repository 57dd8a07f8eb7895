"""The house rules as functions over sources and over the application."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from flask import Flask

from app.core.errors import CounterfoilError
from app.core.events import Event
from app.core.principals import ROLE_PERMISSIONS, Role
from app.web.access import access_of

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("app", "listings", "compliance", "metering", "ledger", "contracts")

COMMIT_SITES = {
    "app/core/unit_of_work.py": "the one commit of the control plane",
    "app/core/round_trips.py": "the data plane's group commit (decisions 0003 and 0018)",
    "contracts/chain_store.py": "the embedded chain: a file of its own, in SQLite",
    "metering/connections.py": "the data plane's short transactions: leases, answers, counts",
}
"""Modules that may end a transaction other than through a unit of work."""

_ENDING = {"commit", "transaction"}
"""`connection.transaction()` commits at the end of its block."""


def sources(root: Path = ROOT) -> Iterator[tuple[str, ast.Module]]:
    """Every product module with its tree; paths relative to the root."""
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            yield str(path.relative_to(root)), ast.parse(path.read_text(encoding="utf-8"))


def _receiver(call: ast.Call) -> str:
    target = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    return ast.unparse(target)


def commits(trees: Iterable[tuple[str, ast.Module]]) -> list[str]:
    """Calls that commit on anything but a unit of work or the data plane's lent connections."""
    found = []
    for name, tree in trees:
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for call in calls:
            is_ending = isinstance(call.func, ast.Attribute) and call.func.attr in _ENDING
            is_spelt = any(
                isinstance(given, ast.Constant)
                and str(given.value).strip().upper().startswith("COMMIT")
                for given in call.args[:1]
            )
            if is_spelt:
                found.append(f"{name}:{call.lineno}: {ast.unparse(call)}")
            if is_ending and not _receiver(call).endswith(("uow", "self._connections")):
                found.append(f"{name}:{call.lineno}: {ast.unparse(call)}")
    return found


def unmarked_routes(app: Flask) -> list[str]:
    """Views that name neither a permission nor a reason for being public."""
    return sorted(
        endpoint for endpoint, view in app.view_functions.items() if access_of(view) is None
    )


PUBLIC_WRITES = {
    "accounts.post_organisation": "anybody may register; nothing follows before a verification",
    "accounts.post_session": "signing in is how one stops being nobody",
    "accounts.post_use": "the token that somebody handed over says who asks",
    "accounts.post_refresh": "the refresh token says who asks",
    "log.post_acknowledgement": "the buyer's own signature over what the log holds says who asks",
    "payments.post_event": "the payment provider's signature over the raw body says who asks",
}
"""Views that change something and demand no permission, each with what stands in its place."""


def public_writes(app: Flask) -> set[str]:
    """Views of changing methods that demand no permission."""
    found = set()
    for rule in app.url_map.iter_rules():
        access = access_of(app.view_functions[rule.endpoint])
        writes = (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
        if writes and access is not None and access.permission is None:
            found.add(rule.endpoint)
    return found


def silent_patterns(trees: Iterable[tuple[str, ast.Module]]) -> list[str]:
    """Patterns of request members that refuse without saying what they want."""
    return [
        f"{name}:{node.lineno}"
        for name, tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("validate.Regexp")
        and not any(keyword.arg == "error" for keyword in node.keywords)
    ]


def unreadable(app: Flask, text: str, role: Role) -> set[str]:
    """Addresses that a page tells a role to GET, and that its permissions do not open."""
    told = set(re.findall(r"`GET (/[^\s`?{…]+)[`?]", text))
    open_to = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set())
        and (access := access_of(app.view_functions[rule.endpoint])) is not None
        and (access.permission is None or access.permission in ROLE_PERMISSIONS[role])
    }
    return {address for address in told if address not in open_to}


def keyed_repeats(app: Flask) -> set[str]:
    """Views that ask for an Idempotency-Key although their method repeats without harm.

    PUT and DELETE are idempotent by themselves (RFC 9110 section 9.2.2): a key there is one more
    thing to get wrong, and clients expect it of POST alone.
    """
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "is_idempotent", False)
        and "POST" not in (rule.methods or set())
    }


def import_all() -> None:
    """Import every product module, so that subclasses are known."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def subclasses(kind: type) -> set[type]:
    """Every subclass, at any depth, that belongs to the product."""
    found = set()
    for child in kind.__subclasses__():
        found |= {child, *subclasses(child)}
    return {child for child in found if child.__module__.split(".")[0] in ROOMS}


def unaccounted_events(
    recorded: Mapping[type[Event], object], excused: Mapping[type[Event], str]
) -> list[str]:
    """Events that are neither recorded in the log nor excused, or both."""
    return sorted(
        kind.__name__ for kind in subclasses(Event) if (kind in recorded) == (kind in excused)
    )


def slugs() -> dict[str, str]:
    """Every error slug with its class."""
    return {
        vars(kind)["slug"]: kind.__name__
        for kind in subclasses(CounterfoilError)
        if "slug" in vars(kind)
    }


def undocumented(names: Iterable[str], text: str) -> list[str]:
    """Names without a heading of their own in a Markdown text."""
    headings = {
        line.lstrip("#").strip().strip("`") for line in text.splitlines() if line.startswith("#")
    }
    return sorted(set(names) - headings)


def stated_facts(trees: Iterable[tuple[str, ast.Module]]) -> dict[str, set[str]]:
    """The facts that each error gives, by its slug, where its own code names every one."""
    found = {}
    for _, tree in trees:
        for kind in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
            slugs = [
                ast.literal_eval(each.value)
                for each in kind.body
                if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "slug"
            ]
            calls = [
                call
                for call in ast.walk(kind)
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
            ]
            given = {keyword.arg for call in calls for keyword in call.keywords}
            if calls and None not in given:
                facts = {name for name in given if name} - {"retry_after_seconds"}
                found |= dict.fromkeys(slugs, facts)
    return found


def documented_facts(text: str) -> dict[str, set[str]]:
    """The members that problems.md names of each slug, behind its status; headers are none."""
    entries = re.findall(r"^### (\S+)\n\*\*\d+\*\*(?:.*?Members: (.*))?", text, re.MULTILINE)
    return {
        slug: set(re.findall(r"`([^`]+)`", members)) - {"Retry-After"} for slug, members in entries
    }


def imported_modules(tree: ast.Module) -> set[str]:
    """What a module imports, as dotted names (`from a import b` counts as `a` and `a.b`)."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


ENTRY_POINTS = {
    "app.supervisor",
    "app.worker.process",
    "app.cli",
    "contracts.embedded_node",
    "contracts.compile",
}
"""Started by name (`python -m` or the Makefile), so nothing imports them."""


def _is_prose(tree: ast.Module) -> bool:
    """Whether a module holds nothing but its docstring: it says what a folder or room has not."""
    return len(tree.body) == 1 and ast.get_docstring(tree) is not None


def unreachable_modules(trees: Mapping[str, ast.Module], roots: Iterable[ast.Module]) -> list[str]:
    """Modules that neither an entry point nor anything it imports ever imports."""
    by_module = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): tree
        for path, tree in trees.items()
    }
    reached: set[str] = set()
    waiting = [name for tree in roots for name in imported_modules(tree)] + list(ENTRY_POINTS)
    while waiting:
        name = waiting.pop()
        if name in by_module and name not in reached:
            reached.add(name)
            waiting += imported_modules(by_module[name])
            if "." in name:
                waiting.append(name.rsplit(".", 1)[0])
    return sorted(
        name for name, tree in by_module.items() if name not in reached and not _is_prose(tree)
    )


EDGE = ("flask", "flask_smorest", "marshmallow", "werkzeug", "webargs", "app.web")
EDGE_NAMES = ("api", "schemas")


def _is_edge(path: str) -> bool:
    """Whether a domain module may know HTTP: routes and JSON shapes only."""
    parts = path.removesuffix(".py").split("/")
    return any(part in EDGE_NAMES or part.endswith(("_api", "_schemas")) for part in parts)


def edge_imports(trees: Iterable[tuple[str, ast.Module]]) -> list[str]:
    """Domain modules behind the edge that import something of HTTP."""
    found = []
    for path, tree in trees:
        in_domain = not path.startswith("app/") or path.startswith(
            ("app/accounts/", "app/notices/")
        )
        if not in_domain or _is_edge(path):
            continue
        found += [
            f"{path}: {name}"
            for name in sorted(imported_modules(tree))
            if any(name == edge or name.startswith(f"{edge}.") for edge in EDGE)
        ]
    return found
