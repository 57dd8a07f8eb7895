"""Bills of credit lines: issued monthly, paid oldest first, chased when they are not."""
