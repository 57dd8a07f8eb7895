"""Live quality: what listings deliver, counted by day, and told when it drifts from the report."""
