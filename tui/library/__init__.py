"""The local models: where they are and what they are called."""
