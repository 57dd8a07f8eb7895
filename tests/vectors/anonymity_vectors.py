"""Writes anonymity.json with pycanon 1.3.6 as the oracle; run it where pycanon is installed.

    python tests/vectors/anonymity_vectors.py > tests/vectors/anonymity.json

pycanon brings two dozen packages along, so the project keeps its answers and not the package.
"""

import importlib
import json
import sys
from random import Random

ROWS = 120


def table(seed):
    """Rows with two quasi-identifiers, a number and a category as sensitive fields."""
    chance = Random(seed)  # noqa: S311 - a table, no secret
    return [
        {
            "age": chance.choice([20, 30, 40]),
            "city": chance.choice(["SH", "BJ"]),
            "income": chance.randrange(1, 2 + seed),
            "illness": chance.choice(["a", "b", "c"]),
        }
        for _ in range(ROWS)
    ]


def main():
    """One case for each seed, from one value of income to eight."""
    oracle = importlib.import_module("pycanon.anonymity")
    frame = importlib.import_module("pandas").DataFrame
    quasi, cases = ["age", "city"], []
    for seed in range(8):
        rows = table(seed)
        data = frame(rows)
        sensitive = ["illness"] if seed == 0 else ["income", "illness"]
        cases.append(
            {
                "rows": rows,
                "quasi": quasi,
                "sensitive": sensitive,
                "k": int(oracle.k_anonymity(data, quasi)),
                "l": int(oracle.l_diversity(data, quasi, sensitive)),
                "t": float(oracle.t_closeness(data, quasi, sensitive)),
            }
        )
    json.dump(cases, sys.stdout, separators=(",", ":"))


if __name__ == "__main__":
    main()
