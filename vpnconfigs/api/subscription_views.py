"""/api/backend/v1/subscription: the address for VPN apps, and who reads it."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from config.lib.drf import AuthedRequest
from vpnconfigs.api.documents import device_document
from vpnconfigs.api.serializers import DeviceOut, SubscriptionOut
from vpnconfigs.models import SubscriptionLink
from vpnconfigs.selectors.devices import devices_of
from vpnconfigs.services.devices import remove_device
from vpnconfigs.services.subscriptions import renew_token, subscription_of, subscription_url


class SubscriptionView(APIView):
    @extend_schema(responses=SubscriptionOut)
    def get(self, request: AuthedRequest) -> Response:
        """Return the caller's address for VPN apps, with the devices that read it."""
        return Response(_document(request.user, subscription_of(request.user)))


class SubscriptionRenewView(APIView):
    @extend_schema(request=None, responses=SubscriptionOut)
    def post(self, request: AuthedRequest) -> Response:
        """Make a new address; the old one opens nothing any more."""
        link = renew_token(actor=request.user, user=request.user)
        return Response(_document(request.user, link))


class DeviceListView(APIView):
    @extend_schema(responses=DeviceOut(many=True))
    def get(self, request: AuthedRequest) -> Response:
        """List the devices, the last seen one first."""
        return Response([device_document(device) for device in devices_of(request.user)])


class DeviceView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: AuthedRequest, device_id: int) -> Response:
        """Free a device's place."""
        remove_device(actor=request.user, device_id=device_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _document(user: User, link: SubscriptionLink) -> dict[str, object]:
    return {
        "url": subscription_url(link),
        "renewed_at": link.renewed_at,
        "last_read_at": link.last_read_at,
        "last_reader": link.last_reader,
        "devices": [device_document(device) for device in devices_of(user)],
    }
