"""What the project asks of git."""
