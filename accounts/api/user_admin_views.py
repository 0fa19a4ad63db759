"""/api/admin/v1/users: people, for staff."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.selectors.users import DEFAULT_SORT, SORTS, get_user, list_users
from accounts.services.user_administration import UserChanges, administer
from config.lib.drf import AuthedRequest
from config.lib.errors import NotSignedInError
from config.lib.pagination import page_document, paginate, read_page_query


class IsStaff(BasePermission):
    """ADMIN and SUPERUSER."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether staff asks.

        :raises NotSignedInError: nobody is signed in.
        """
        if not isinstance(request.user, User):
            raise NotSignedInError
        return request.user.is_staff


class UserQuery(serializers.Serializer[Any]):
    """Filters and order of the list."""

    role = serializers.ChoiceField(choices=User.Role.choices, required=False)
    is_active = serializers.BooleanField(required=False)
    is_verified = serializers.BooleanField(required=False)
    search = serializers.CharField(max_length=100, required=False, allow_blank=True)
    sort = serializers.ChoiceField(choices=sorted(SORTS), default=DEFAULT_SORT)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100)
    cursor = serializers.CharField(required=False)


class UserOut(serializers.ModelSerializer[User]):
    """A person as staff sees one."""

    class Meta:
        model = User
        fields = (
            "id",
            "email",
            "username",
            "telegram_id",
            "telegram_username",
            "first_name",
            "last_name",
            "role",
            "lang_code",
            "timezone",
            "is_verified",
            "is_active",
            "created_at",
            "last_login",
        )


class UserPageOut(serializers.Serializer[Any]):
    results = UserOut(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class UserIn(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=User.Role.choices, required=False)
    is_verified = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)


class UserListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(parameters=[UserQuery], responses=UserPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """People, filtered, sorted, by pages."""
        query = UserQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        filters = query.validated_data
        cursor, limit = read_page_query(request._request)
        page = paginate(
            list_users(filters=filters), order=SORTS[filters["sort"]], cursor=cursor, limit=limit
        )
        return Response(page_document(request._request, page, UserOut(page.rows, many=True).data))


class UserView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(responses=UserOut)
    def get(self, request: AuthedRequest, user_id: int) -> Response:
        """One person."""
        return Response(UserOut(get_user(user_id)).data)

    @extend_schema(request=UserIn, responses=UserOut)
    def patch(self, request: AuthedRequest, user_id: int) -> Response:
        """Change role, verification or ban. Only a SUPERUSER makes or touches staff."""
        get_user(user_id)
        form = UserIn(data=request.data)
        form.is_valid(raise_exception=True)
        changes = UserChanges(**form.validated_data)
        return Response(
            UserOut(administer(actor=request.user, user_id=user_id, changes=changes)).data
        )
