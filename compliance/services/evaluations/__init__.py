"""Running the rules over a case, and keeping what they decided and on what."""
