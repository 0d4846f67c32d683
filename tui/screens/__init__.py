"""The screens and panels of the app, one per file."""
