"""Why the quality desk refuses; each class states one fact."""

from app.core.errors import CounterfoilError, ErrorKind


class VersionNotUnderReview(CounterfoilError):
    """No submitted version of this id is the caller's own."""

    kind = ErrorKind.NOT_FOUND
    slug = "version-not-under-review"
    title = "There is no such submitted version"

    def __init__(self, version_id: str) -> None:
        super().__init__(
            f"No submitted version {version_id} of yours; submit it first.", version_id=version_id
        )


class QualitySampleNotFound(CounterfoilError):
    """No sample of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "quality-sample-not-found"
    title = "There is no such quality sample"

    def __init__(self, sample_id: str) -> None:
        super().__init__(f"No quality sample {sample_id}.", sample_id=sample_id)


class QualityReportNotFound(CounterfoilError):
    """No report of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "quality-report-not-found"
    title = "There is no such quality report"

    def __init__(self, report_id: str) -> None:
        super().__init__(f"No quality report {report_id}.", report_id=report_id)


class QualitySampleOpen(CounterfoilError):
    """The version has a sample that is neither measured nor lapsed; another would be a choice."""

    kind = ErrorKind.CONFLICT
    slug = "quality-sample-open"
    title = "The version's quality sample is still open"

    def __init__(self, sample_id: str) -> None:
        super().__init__("Reveal the rows that were drawn first.", sample_id=sample_id)


class QualitySampleOfOtherKind(CounterfoilError):
    """Rows are revealed of a file, keys of an interface."""

    kind = ErrorKind.CONFLICT
    slug = "quality-sample-of-other-kind"
    title = "The sample is of another kind"

    def __init__(self, sample_id: str, kind: str) -> None:
        super().__init__(
            f"The sample was committed as {kind}: rows of FILE, keys of CALLS.",
            sample_id=sample_id,
            kind=kind,
        )


class QualitySampleNotDrawn(CounterfoilError):
    """The sample has no drawn rows to reveal: not yet, or not any more."""

    kind = ErrorKind.CONFLICT
    slug = "quality-sample-not-drawn"
    title = "There are no drawn rows to reveal"

    def __init__(self, sample_id: str, state: str) -> None:
        super().__init__(
            f"The sample is {state}; rows are revealed while it is DRAWN.",
            sample_id=sample_id,
            state=state,
        )
