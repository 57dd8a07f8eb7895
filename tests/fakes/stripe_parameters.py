"""Parameters of a request against the SDK's own types: names, required ones, nesting, kinds.

stripe-mock does this from the OpenAPI file; that file does not come with the SDK, but the SDK's
TypedDicts are generated from it, so a misspelled or a missing
parameter fails here as it would there.
"""

import importlib
import typing
from urllib.parse import parse_qsl

import stripe
from stripe._request_options import RequestOptions

FOR_TYPE_CHECKERS_ONLY = {"StripeContext": object, "Mapping": typing.Mapping}
"""What the SDK's annotations name without importing it at run time."""
OPTIONS = frozenset(RequestOptions.__annotations__)


class Unacceptable(Exception):
    """A parameter that Stripe would refuse; ``param`` is its name in Stripe's own notation."""

    def __init__(self, code, param):
        super().__init__(f"{code}: {param}")
        self.code, self.param = code, param


def parse_form(body):
    """``a[b][0][c]=d`` as nested dictionaries and lists."""
    tree = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        head, _, rest = name.partition("[")
        path = [head, *(part.rstrip("]") for part in rest.split("["))] if rest else [head]
        node = tree
        for part in path[:-1]:
            node = node.setdefault(part, {})
        if path[-1] == "":
            node[str(len(node))] = value
        else:
            node[path[-1]] = value
    return _lists(tree)


def _lists(node):
    if not isinstance(node, dict):
        return node
    made = {key: _lists(value) for key, value in node.items()}
    if made and all(key.isdecimal() for key in made):
        return [made[key] for key in sorted(made, key=int)]
    return made


def load(name):
    """A type of `stripe.params` by module and class, such as ``_refund_create_params``."""
    module = importlib.import_module(f"stripe.params.{name}")
    class_name = "".join(part.title() for part in name.rsplit(".", 1)[-1].split("_") if part)
    return getattr(module, class_name)


def check(kind, params, path=""):
    """Raises `Unacceptable` unless the parameters fit the type."""
    hints = typing.get_type_hints(kind, localns=FOR_TYPE_CHECKERS_ONLY)
    known = set(hints) - (OPTIONS if set(hints) >= OPTIONS else set())
    for name in params:
        if name not in known:
            raise Unacceptable("parameter_unknown", _join(path, name))
    for name in kind.__required_keys__ - OPTIONS:
        if name not in params:
            raise Unacceptable("parameter_missing", _join(path, name))
    for name, value in params.items():
        _check_value(hints[name], value, _join(path, name))


def _join(path, name):
    return f"{path}[{name}]" if path else name


def _check_value(hint, value, path):
    problems = []
    for option in _options(hint):
        try:
            _check_option(option, value, path)
        except Unacceptable as problem:
            problems.append(problem)
        else:
            return
    raise max(problems, key=lambda problem: len(problem.param))


def _options(hint):
    origin = typing.get_origin(hint)
    if origin is typing.Union or type(hint).__name__ == "UnionType":
        return [each for part in typing.get_args(hint) for each in _options(part)]
    if isinstance(hint, str):
        return [str]
    kind = hint if origin is None else origin
    if isinstance(kind, type) and issubclass(kind, stripe.StripeObject):
        return []  # the SDK's own objects, which it turns into one of the other kinds
    return [hint]


def _check_option(option, value, path):
    origin = typing.get_origin(option)
    name, fits = next(
        (name, fits)
        for is_meant, name, fits in SORTS
        if is_meant(option if origin is None else origin)
    )
    if not fits(value):
        code = f"parameter_invalid_{name}"
        raise Unacceptable(code, path)
    if hasattr(option, "__required_keys__"):
        check(option, value, path)
    if origin is list:
        for index, item in enumerate(value):
            _check_value(typing.get_args(option)[0], item, f"{path}[{index}]")


def _is_map(value):
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


SORTS = [
    (lambda kind: hasattr(kind, "__required_keys__"), "object", lambda v: isinstance(v, dict)),
    (lambda kind: kind is list, "array", lambda v: isinstance(v, list)),
    (lambda kind: kind is dict, "map", _is_map),
    (
        lambda kind: kind is int,
        "integer",
        lambda v: isinstance(v, str) and v.lstrip("-").isdecimal(),
    ),
    (lambda kind: kind is bool, "boolean", lambda v: v in ("true", "false")),
    (lambda _kind: True, "string", lambda v: isinstance(v, str)),
]
"""What a type is, its name in a refusal, and whether a value of the wire fits it."""
