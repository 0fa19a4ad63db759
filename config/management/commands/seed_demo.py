"""``manage.py seed_demo``: fill the site and the sandbox with what a newcomer can play with."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.lib.demo import SignIn, Stage, demo_parts


class Command(BaseCommand):
    help = "Load the demo into this site and its sandbox. May be run again."

    def handle(self, **options: object) -> None:
        """:raises CommandError: no sandbox is set, so this is no place for a demo."""
        if not settings.SANDBOX_URL:
            raise CommandError("SANDBOX_URL is not set: the demo needs the sandbox.")
        stage = Stage(settings.SANDBOX_URL)
        sign_ins = [entry for _, part in demo_parts.items() for entry in part(stage)]
        self.stdout.write("Sign in at " + settings.SITE_URL + "/login as")
        for entry in sign_ins:
            self.stdout.write(_line(entry))


def _line(entry: SignIn) -> str:
    return f"  {entry.who:<28} {entry.login:<10} {entry.password}"
