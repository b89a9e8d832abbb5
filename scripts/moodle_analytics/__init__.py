"""Trustworthy weekly learner analytics for Moodle: load, build, check, publish."""
