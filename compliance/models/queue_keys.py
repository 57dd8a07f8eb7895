"""Keys by which a queue is ordered and paged: texts, unique by the id at their end."""


def due_first(table: str) -> str:
    """What is due next comes first, and what has no deadline last."""
    due = f"to_char({table}.due_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')"
    return f"(coalesce({due}, '9') || '/' || {table}.id)"
