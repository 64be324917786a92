"""Arm's KleidiAI: not there."""

enabled = False


def is_available() -> bool:
    """False."""
    return False
