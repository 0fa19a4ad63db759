"""The base of every admin class, and the one place that knows which admin theme is used."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminIntegerFieldWidget as NumberInput
from unfold.widgets import UnfoldAdminPasswordWidget as PasswordInput
from unfold.widgets import UnfoldAdminSelectWidget as Select
from unfold.widgets import UnfoldAdminSplitDateTimeWidget as MomentInput
from unfold.widgets import UnfoldAdminTextareaWidget as Textarea
from unfold.widgets import UnfoldAdminTextInputWidget as TextInput
from unfold.widgets import UnfoldBooleanWidget as Checkbox

if TYPE_CHECKING:
    # The theme has no types; its classes are Django's with another look.
    from django.contrib.admin import AdminSite as ThemedSite
    from django.contrib.admin.options import ModelAdmin as DjangoModelAdmin
    from django.contrib.admin.options import StackedInline as DjangoStackedInline
    from django.contrib.admin.options import TabularInline as DjangoTabularInline

    ThemedModelAdmin = DjangoModelAdmin[Any]
    StackedInline = DjangoStackedInline[Any, Any]
    TabularInline = DjangoTabularInline[Any, Any]
    Method = TypeVar("Method", bound=Callable[..., Any])

    def display(
        *, description: Any = None, ordering: Any = None, label: Any = None
    ) -> Callable[[Method], Method]:
        """The theme's, which also shows a value as a coloured label."""

else:
    from unfold.admin import ModelAdmin as ThemedModelAdmin
    from unfold.admin import StackedInline, TabularInline
    from unfold.decorators import display
    from unfold.sites import UnfoldAdminSite as ThemedSite

__all__ = [
    "ADMIN_POLICY",
    "Checkbox",
    "ModelAdmin",
    "MomentInput",
    "NumberInput",
    "PasswordInput",
    "ReadOnlyAdmin",
    "ReadOnlyTabularInline",
    "Select",
    "Site",
    "StackedInline",
    "TabularInline",
    "TextInput",
    "Textarea",
    "action",
    "display",
]

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

# The theme evaluates its Alpine expressions and sets styles inline. Everything else stays as
# strict as on the site, and pages under /admin/ that are not the theme's keep the site's policy.
ADMIN_POLICY: dict[str, list[str]] = {
    "default-src": [SELF],
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "base-uri": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "object-src": [NONE],
}


class Site(ThemedSite):
    """The admin site with a content policy of its own and the site's one sign-in."""

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Return ``view`` behind the permission check, answering with ``ADMIN_POLICY``."""
        guarded = super().admin_view(view, cacheable)
        return cast("View", csp_replace(ADMIN_POLICY)(guarded))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send a visitor to the site's sign-in page and back.

        :raises PermissionDenied: somebody is signed in who is not staff.
        """
        target = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(target)

    def logout(  # type: ignore[override]  # the stub knows no answer but a page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """End the session by the site's own sign-out, which gets the same POST again."""
        return HttpResponseRedirect(reverse("accounts:logout"), preserve_request=True)


class ModelAdmin(ThemedModelAdmin):
    """An admin class in the look of the house: fast lists, filters in a sheet, no lost edits."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    warn_unsaved_form = True
    compressed_fields = True


class ReadOnlyAdmin(ModelAdmin):
    """A list to look at: rows that the code writes and nobody edits."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyTabularInline(TabularInline):
    """The rows below an object, to look at."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
