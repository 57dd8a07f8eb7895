"""What usage costs: terms, pools, periods, and the same sums for quotes and replays."""
