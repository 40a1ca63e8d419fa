"""Accuracy: secrets planted in every kind of place, and findings on real notebooks, judged."""
