from accounts.models.audit import AuditEvent
from accounts.models.idempotency import IdempotencyRecord
from accounts.models.jobs import Job
from accounts.models.links import ApiToken, Invitation, LinkToken
from accounts.models.money import Transfer, Wallet
from accounts.models.people import Membership, Organization, User
from accounts.models.sessions import RefreshToken, Session
from accounts.models.site import SiteSettings

__all__ = [
    "ApiToken",
    "AuditEvent",
    "IdempotencyRecord",
    "Invitation",
    "Job",
    "LinkToken",
    "Membership",
    "Organization",
    "RefreshToken",
    "Session",
    "SiteSettings",
    "Transfer",
    "User",
    "Wallet",
]
