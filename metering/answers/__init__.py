"""What a listing says about input and answers, read safely."""
