"""Seal every stored secret anew with the first key of SECRETS_KEYS."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.services import secrets
from integrations.services.sealed_fields import rotate, sealed_fields


class Command(BaseCommand):
    help = "Seal every stored secret anew with the current key. May be stopped and run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--purpose", default="", help="only secrets of this purpose")
        parser.add_argument("--batch", type=int, default=500, help="rows in one transaction")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Current key: {secrets.current_prefix().rstrip('.')}")
        if options["dry_run"]:
            for field in sealed_fields():
                self.stdout.write(f"{field.label}: {field.stale_rows().count()} to seal anew")
            return
        unreadable = 0
        for field in sealed_fields():
            done = rotate(field, purpose=options["purpose"], batch=max(1, options["batch"]))
            self.stdout.write(
                f"{done.field}: {done.rewrapped} sealed anew, {done.left} left, "
                f"{done.unreadable} unreadable"
            )
            unreadable += done.unreadable
        if unreadable:
            raise CommandError(f"{unreadable} secrets could not be opened and stay as they are.")
