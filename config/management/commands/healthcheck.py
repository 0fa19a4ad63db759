from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.lib.health import Health, check_health
from config.lib.http import OutsideError, OutsideSession

READ_SECONDS = 4


class Command(BaseCommand):
    help = "Say whether the site is well; a failure ends with 1, as a container's check wants it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--readiness",
            action="store_true",
            help="can requests be answered: database, migrations (the default)",
        )
        what.add_argument("--liveness", action="store_true", help="does the process answer")
        parser.add_argument(
            "--port",
            type=int,
            help="ask the server at this port of this machine; without it, this process looks",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        probe = "liveness" if options["liveness"] else "readiness"
        status = self._ask(options["port"], probe) if options["port"] else self._look(probe)
        self.stdout.write(status)

    def _look(self, probe: str) -> str:
        if probe == "liveness":
            return Health.HEALTHY
        report = check_health(readiness_only=True)
        if report.status == Health.UNHEALTHY:
            lost = [c.name for c in report.components if c.status == Health.UNHEALTHY]
            raise CommandError(f"unhealthy: {', '.join(lost)}")
        return report.status

    def _ask(self, port: int, probe: str) -> str:
        session = OutsideSession(
            f"http://127.0.0.1:{port}", name="site", connect_seconds=1, read_seconds=READ_SECONDS
        )
        # The site answers to its own names only.
        host = urlsplit(settings.SITE_URL).netloc
        try:
            answer = session.call("GET", f"/api/v1/health/{probe}", headers={"Host": host})
        except OutsideError as error:
            raise CommandError(str(error)) from None
        return str(answer.json()["status"])
