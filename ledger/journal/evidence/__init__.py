"""What the log proves to the books, and the ports through which it is asked."""
