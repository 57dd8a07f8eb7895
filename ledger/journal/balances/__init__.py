"""What an organisation has and is owed now."""
