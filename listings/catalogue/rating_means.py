"""What a listing's ratings come to: a mean to be read, and a score to be sorted by; pure."""

STARS_MAX = 5
PRIOR_COUNT, PRIOR_STARS = 5, 15
"""As if five had given three stars before: one rating of five is not worth fifty of 4.9."""
SCORE_SCALE = 1_000_000


def mean_label(count: int, stars: int) -> str | None:
    """The mean of ``count`` ratings to two decimals, half up; None where there is none."""
    if not count:
        return None
    hundredths = (200 * stars + count) // (2 * count)
    return f"{hundredths // 100}.{hundredths % 100:02}"
