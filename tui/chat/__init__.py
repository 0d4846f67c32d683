"""A conversation headless: turns, what is written of them, which model answers. Every front end uses it."""
