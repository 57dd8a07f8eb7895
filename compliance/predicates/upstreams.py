"""Whether the supplier's upstream was seen to answer as its schema says."""

from compliance.verdicts import Inputs, Verdict, failed, passed, unsure


def upstream_answers_to_schema(inputs: Inputs) -> Verdict:
    """The stored facts of the latest probe: reachable, and every answer fits the output fields."""
    probe = inputs["probe"]
    if probe is None:
        return unsure(reason="the upstream has not been probed yet")
    seen = {
        name: probe[name]
        for name in ("probed_at", "calls_count", "answered_count", "fitting_count")
    }
    if probe["calls_count"] < inputs["parameters"]["calls_min"]:
        return unsure(reason="too few test calls", **seen)
    is_whole = probe["answered_count"] == probe["calls_count"] == probe["fitting_count"]
    return passed(**seen) if is_whole else failed(**seen)
