"""Yandex Messenger, through its Bot API (docs/yandex-messenger.md)."""
