"""Guesses about a table that nobody has declared yet, each with its reason.

Only ``data add`` guesses, and it writes what it guessed: reading never does. ``dialect`` finds how
CSV text is written, ``notation`` the marks in its numbers, and ``columns`` what each column is for.
What the table leaves open is an error that names the option to decide by.
"""
