from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Wallet
from accounts.selectors.ledger import find_differences


class Command(BaseCommand):
    help = "Prove that every wallet equals the sum of its transfers; exit 1 with a list if not."

    def handle(self, *args: Any, **options: Any) -> None:
        differences = find_differences()
        for item in differences:
            self.stdout.write(
                f"wallet {item.wallet_id}: balance {item.balance_kopecks} kopecks, "
                f"transfers {item.transfers_kopecks} kopecks"
            )
        if differences:
            raise CommandError(f"{len(differences)} wallets differ from their transfers.")
        self.stdout.write(f"{Wallet.objects.count()} wallets equal their transfers.")
