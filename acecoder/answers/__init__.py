"""What a language model answered -> the program in it."""
