"""What a version holds, by which rules, and its dossier; pure."""
