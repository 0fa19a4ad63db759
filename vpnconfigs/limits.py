"""How often a person may try."""

from django.utils.decorators import method_decorator

from config.lib.ratelimit import limited

# A person has one or two links to bring, and may paste the wrong text a few times.
_CLAIMS = "10/h"

limit_claims = method_decorator(limited("claims", _CLAIMS, key="user"))

# The same count, for a page.
limit_claim_page = limited("claims", _CLAIMS, key="user")
