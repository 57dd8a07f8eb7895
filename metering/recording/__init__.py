"""What a call leaves behind: numbered, chained, committed with others, receipted."""
