"""The published rule sets, one file a version; a published file is never edited."""
