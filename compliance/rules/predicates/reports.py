"""Whether a quality report stands behind the version (items Q1 and Q3 from rule set 3 on)."""

from compliance.rules.verdicts import Inputs, Verdict, failed, passed, passed_unless, unsure


def quality_is_reported(inputs: Inputs) -> Verdict:
    """In date, of a grade that suffices and without a veto; a person judges what has no grade.

    No report, and a report whose coverage allows no grade, are neither good nor bad: both go to
    the reviewer, who sees what could be assessed.
    """
    report = inputs["quality"]
    if report is None:
        return unsure(reason="there is no quality report")
    grade, coverage = report.get("grade"), report.get("coverage")
    faults = [f"veto: {each}" for each in report.get("vetoes") or ()]
    if grade is not None and grade not in inputs["parameters"]["grades"]:
        faults.append(f"grade {grade}")
    if (report.get("valid_until") or "") <= inputs["at"]:
        faults.append("the report is out of date")
    if not faults and grade is None:
        return unsure(reason="too little could be assessed for a grade", coverage=coverage)
    return passed_unless(faults, grade=grade, coverage=coverage)


def committed_sample_is_reported(inputs: Inputs) -> Verdict:
    """Whoever committed to rows owes their report: neither open nor lapsed samples are listed."""
    sample = inputs["quality_sample"]
    if sample is None:
        return passed(reason="no sample was committed")
    shown = {name: sample[name] for name in ("sample_id", "state", "attempt")}
    if sample["state"] not in inputs["parameters"]["settled_states"]:
        return failed(reason="the drawn rows were not revealed and measured", **shown)
    return passed(**shown)
