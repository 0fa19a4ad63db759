"""What integrations tells the apps above it."""

from django.dispatch import Signal

# Telegram refused a bot's token; the bot was switched off. Sent once for each refusal, inside the
# transaction that records it, with ``organization`` (an Organization) and ``account`` (the Bot).
bot_token_refused = Signal()

# Avito refused an account's credentials or asks for a subscription; its sends are held. Sent once
# for each change to such a status, inside the transaction that records it, with ``organization``
# and ``account`` (the AvitoAccount, whose ``status`` says which).
avito_account_refused = Signal()

# The buyer has read messages of ours. Sent whenever the poll sees it, so again and again for the
# same ones, with ``account_id``, ``chat_id`` and ``message_ids`` (Avito's, the newest last).
avito_messages_read = Signal()

# Telegram does not let a bot work in its group, or does again. Each is sent once for an incident,
# inside the transaction that records it, with ``account`` (the Bot) and ``since`` (when the
# incident began); the first one while ``account.group_troubles`` says what is wrong.
bot_group_refused = Signal()
bot_group_restored = Signal()

# Avito has slowed an account down for longer than ten minutes. Sent once for an incident, inside
# the transaction that records it, with ``organization`` and ``account``.
avito_account_limited = Signal()
