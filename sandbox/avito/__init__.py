"""Avito: tokens, chats and messages of sellers' accounts, and the buyers on the other side."""
