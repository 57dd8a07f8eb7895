"""Rules as dated data (a published file is never edited), what reads them, and what they ask."""
