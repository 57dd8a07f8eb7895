"""Money on its way into a wallet: announced, seen by two people or told by a provider."""
