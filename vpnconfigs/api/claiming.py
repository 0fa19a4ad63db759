"""/api/backend/v1/configs/claim: customers of old bring the link that they use."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.drf import AuthedRequest
from vpnconfigs.limits import limit_claims
from vpnconfigs.services.claiming import MOST_CHARACTERS, claim


class ClaimIn(serializers.Serializer[object]):
    text = serializers.CharField(max_length=MOST_CHARACTERS)


class ClaimedConfigOut(serializers.Serializer[object]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    protocol = serializers.CharField()


class ClaimView(APIView):
    @extend_schema(request=ClaimIn, responses=ClaimedConfigOut(many=True))
    @limit_claims
    def post(self, request: AuthedRequest) -> Response:
        """Take over configs that were on a panel before, by a link or a subscription of theirs."""
        form = ClaimIn(data=request.data)
        form.is_valid(raise_exception=True)
        claimed = claim(user=request.user, text=form.validated_data["text"])
        return Response(ClaimedConfigOut(claimed, many=True).data)
