"""Our promises, played: each measurement starts a whole site and drives it from outside."""
