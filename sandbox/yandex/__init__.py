"""Yandex Messenger's Bot API."""
