"""What makes the app good in a terminal, also over SSH. Import from its modules."""
