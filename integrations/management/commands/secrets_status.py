"""Show how many stored secrets each key has sealed."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.services import secrets
from integrations.services.sealed_fields import sealed_fields


class Command(BaseCommand):
    help = "Show rows per key. With --may-drop KEY_ID: fail while that key is still needed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--may-drop", metavar="KEY_ID", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        total: Counter[str] = Counter()
        for field in sealed_fields():
            counts = field.counts()
            total.update(counts)
            for key, rows in sorted(counts.items()):
                self.stdout.write(f"{field.label} {key} {rows}")
        state = secrets.health()
        self.stdout.write(f"back end {state.backend}: {'up' if state.is_up else state.error}")
        if options["may_drop"]:
            self._check(options["may_drop"], total)

    def _check(self, key_id: str, total: "Counter[str]") -> None:
        """Refuse to call a key dispensable that still seals something, or will."""
        if secrets.health().key_id == key_id:
            raise CommandError(f"{key_id} is the current key.")
        rows = sum(number for key, number in total.items() if key.endswith(f".{key_id}"))
        if rows:
            raise CommandError(f"{key_id} still seals {rows} secrets: run rotate_secrets first.")
        self.stdout.write(f"{key_id} may be dropped from SECRETS_KEYS.")
