"""What the panels tell the shop. Sent inside the transaction that records it."""

from django.dispatch import Signal

# A panel is in another state than before, by two looks in a row where it is a bad one: panel,
# before and after (``Panel.State``).
panel_state_changed = Signal()
# Configs stand on their panels for the first time and work: config_ids.
configs_activated = Signal()
# Configs have used up their traffic and are switched off: config_ids.
configs_depleted = Signal()
# Configs have used up so much of their traffic: config_ids, percent (80, 95 or 100). Sent for the
# highest mark that was passed, once a period.
usage_crossed = Signal()
