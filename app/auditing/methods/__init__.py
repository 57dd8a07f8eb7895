"""How each question is answered; one module per group of questions."""
