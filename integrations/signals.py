"""What integrations tells the apps above it."""

from django.dispatch import Signal

# Telegram refused a bot's token; the bot was switched off. Sent once for each refusal, inside the
# transaction that records it, with ``organization`` (an Organization) and ``account`` (the Bot).
bot_token_refused = Signal()

# Avito refused an account's credentials or asks for a subscription; its sends are held. Sent once
# for each change to such a status, inside the transaction that records it, with ``organization``
# and ``account`` (the AvitoAccount, whose ``status`` says which).
avito_account_refused = Signal()
