"""Measuring the project on data of which the outcome is known."""
