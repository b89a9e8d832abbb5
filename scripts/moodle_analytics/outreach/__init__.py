"""Sends what the marts say is due: reminders and weekly feedback, each message at most once."""
