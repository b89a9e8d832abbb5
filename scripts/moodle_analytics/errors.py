"""The one kind of error that a user is meant to read."""


class UserError(Exception):
    """One clear sentence: what is wrong, where, and what to try.

    The command line prints it without a traceback and exits with code 2.
    """
