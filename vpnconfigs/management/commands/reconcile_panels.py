from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.lib.errors import AppError
from vpnconfigs.models import Panel
from vpnconfigs.services.reconciling import reconcile_panel


class Command(BaseCommand):
    help = "Compare panels with our configs and repair what is ours; exit 1 if anything is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--panel", metavar="NAME", help="only this one")
        parser.add_argument("--dry-run", action="store_true", help="only look")

    def handle(self, *args: Any, **options: Any) -> None:
        panels = Panel.objects.filter(is_enabled=True)
        if options["panel"]:
            panels = Panel.objects.filter(name=options["panel"])
            if not panels.exists():
                raise CommandError("There is no such panel.")
        left = sum(self._reconcile(panel, dry_run=options["dry_run"]) for panel in panels)
        if left:
            raise CommandError(f"{left} differences or panels are left.")

    def _reconcile(self, panel: Panel, *, dry_run: bool) -> int:
        try:
            report = reconcile_panel(panel.pk, dry_run=dry_run)
        except AppError as error:
            self.stdout.write(f"{panel.name}: {error}")
            return 1
        for finding in report.findings:
            fields = ", ".join(
                f"{name} {wanted!r} != {found!r}"
                for name, (wanted, found) in finding["fields"].items()
            )
            mark = "repaired" if finding["done"] else ""
            where = f"inbound {finding['inbound']}"
            words = (finding["kind"], where, finding["email"], fields, mark)
            self.stdout.write(f"{panel.name}: {' '.join(filter(None, words))}")
        self.stdout.write(
            f"{panel.name}: {report.drift_count} differed, {report.repaired_count} repaired, "
            f"{report.strangers_count} strangers"
        )
        return report.drift_count - report.repaired_count
