"""The shop in the platform's bot: screens, and what their buttons do."""
