"""The outside world's stand-ins, on the wire: Telegram, Avito and a mailbox for development and tests."""
