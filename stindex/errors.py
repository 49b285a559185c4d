"""The one exception that users see: a sentence that says what is wrong, where, and what to do."""


class UserError(Exception):
    """Bad input of any kind. Its message is shown as it is, without a traceback."""
