"""What accounts says to the apps above. Sent after commit; a failing receiver harms nobody.

Receivers get ids, never instances: they run after the transaction, maybe elsewhere.
"""

from django.dispatch import Signal

# A session was opened: user_id, session_id.
signed_in = Signal()
# A refresh token was used again after its grace, and its session has ended: user_id, session_id.
refresh_token_reused = Signal()
# An organization was opened: organization_id, owner_id.
organization_opened = Signal()
# A Telegram client vouched for a person: user_id, telegram_id, may_write (True, False or None for
# unknown): whether the bot may write to them first.
telegram_seen = Signal()
# A place in an organization was offered to an e-mail address: invitation_id.
invitation_made = Signal()
