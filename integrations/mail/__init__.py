"""E-mail, through Django's mail back end."""
