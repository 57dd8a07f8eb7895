"""Whether a list's filters find the one row that it has, and nothing else."""

from urllib.parse import urlencode


def listed(call, who, path, wanted):
    """What a list shows when it is narrowed so."""
    answer = call(who, "GET", f"{path}?{urlencode(wanted)}")
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def found(call, who, path, *wanted):
    """How many rows each filter alone finds, and then all of them together."""
    together = {name: value for each in wanted for name, value in each.items()}
    return [len(listed(call, who, path, each)) for each in (*wanted, together)]


def check_filters(call, readers, path, *, fits, misfits):
    """The one row fits each of ``fits`` and all of them, and none of ``misfits``.

    A stranger finds nothing, whatever it asks for.
    """
    for who in readers:
        assert found(call, who, path, *fits) == [1] * (len(fits) + 1), who
        for each in misfits:
            assert listed(call, who, path, each) == [], (who, each)
    assert found(call, "stranger", path, *fits) == [0] * (len(fits) + 1)
