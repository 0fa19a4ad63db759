"""Avito Messenger API: https://developers.avito.ru/api-catalog/messenger/documentation."""
