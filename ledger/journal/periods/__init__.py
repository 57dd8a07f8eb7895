"""The money of a licence's periods: the fee at the opening, the true-up at the close."""
