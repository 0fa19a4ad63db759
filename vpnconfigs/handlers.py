"""What this app registers below, and what it hears from below."""


def register() -> None:
    """Fill the registries and listen to the floors below. Called once, when the apps are ready."""
