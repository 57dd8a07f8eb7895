"""What buyers sign of the calls that they received, taken and shown."""
