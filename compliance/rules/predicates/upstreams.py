"""Whether the supplier's upstream was seen to answer as its schema says."""

from compliance.rules.verdicts import Inputs, Verdict, failed, passed, unsure


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


def test_calls_fit_the_schema(inputs: Inputs) -> Verdict:
    """The probe answered and fitted whole, and so did sampled calls, but for one in a hundred.

    Sampled calls are those of a quality report whose keys the log drew; fewer than the rule asks
    for prove nothing by themselves and leave it to the probe.
    """
    parameters, sampled = inputs["parameters"], (inputs["quality"] or {}).get("calls")
    if sampled and sampled["answered_count"] >= parameters["sampled_calls_min"]:
        misfits = sampled["answered_count"] - sampled["fitting_count"]
        if misfits * 100 > parameters["mismatch_max_per_cent"] * sampled["answered_count"]:
            return failed(sampled=sampled)
    probed = upstream_answers_to_schema(inputs)
    return Verdict(probed.outcome, {**probed.decided_by, "sampled": sampled})
