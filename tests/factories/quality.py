"""A supplier's side of a quality report: rows, their tree, and what is revealed of them."""

from compliance.quality.draws import row_entry
from ledger.log.tree.hash_trees import HashTrees

TREE = HashTrees()


def airports(count, **changes):
    """Rows that fit what the factories' dossier declares."""
    return [{"name": f"Airport {n}", "city": f"City {n % 40}", **changes} for n in range(count)]


def commitment(rows, version_id, **declaration):
    root = TREE.root_of([row_entry(row) for row in rows])
    return {
        "version_id": version_id,
        "rows_root": root.hex(),
        "row_total": len(rows),
        "declaration": declaration,
    }


def revealed(rows, indexes):
    entries = [row_entry(row) for row in rows]
    return [
        {
            "index": index,
            "row": rows[index],
            "path": [node.hex() for node in TREE.path_to(index, entries)],
        }
        for index in indexes
    ]
