"""What several routes take."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

PAGE = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description="As `next` and `previous` hold it."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100, 20 by default."),
]
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="A repeat with the same key gets the first answer and takes nothing.",
)
