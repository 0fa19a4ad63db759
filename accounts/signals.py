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
# A one-time link shall be mailed: link_id. Whoever sends it makes its token by
# ``services.email_links.token_of``.
link_issued = Signal()
# A person has another e-mail address: link_id, of the link that did it and names the old one.
email_changed = Signal()
# A password was replaced: user_id.
password_changed = Signal()
# The second factor was turned on or off: user_id, is_on.
second_factor_changed = Signal()
# A person has deleted their account: user_id; the row is still there, without a name.
account_deleted = Signal()
