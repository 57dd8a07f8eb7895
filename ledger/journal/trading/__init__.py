"""What the trade tells the books: an order is charged, a licence has parties."""
