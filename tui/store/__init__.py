"""Settings, state and paths: what ovchat keeps for the user."""
