"""What every fresh engine and every fresh app would work out again, kept while tests run.

A process of the exchange has one engine and one app, so that neither costs it more than its start.
Tests have thousands, each on a database of its own; what is kept here depends on no database.
"""

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.util import LRUCache
from typing_extensions import override
from werkzeug.routing.rules import Rule

STATEMENTS_MAX = 10_000


class OneDialect(PGDialect_psycopg):
    """psycopg's own, alike on every engine, so that a statement compiled for one serves all."""

    supports_statement_cache = True
    _compiled = LRUCache(STATEMENTS_MAX)

    @classmethod
    @override
    def engine_created(cls, engine):
        """SQLAlchemy's hook; an engine's cache finds by dialect and statement."""
        engine._compiled_cache = cls._compiled

    @override
    def __eq__(self, other):
        return type(self) is type(other)

    @override
    def __hash__(self):
        return hash(type(self))


def compile_statements_once():
    registry.register("postgresql.psycopg", OneDialect.__module__, OneDialect.__name__)


def compile_rules_once():
    """Nine tenths of an app's making are the functions by which its rules write addresses."""
    compile_builder = Rule._compile_builder
    known = {}

    def compile_once(rule, append_unknown=True):
        # All that a builder is made of; the rule that it builds for is given to it.
        key = (tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    Rule._compile_builder = compile_once
