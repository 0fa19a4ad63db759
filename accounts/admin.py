"""Accounts in the admin. Whatever has rules goes through the services; nothing secret shows."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import (
    ApiToken,
    AuditEvent,
    IdempotencyRecord,
    Invitation,
    Job,
    LinkToken,
    Membership,
    Organization,
    RefreshToken,
    Session,
    SiteSettings,
    Transfer,
    User,
    Wallet,
)
from accounts.permissions import may_administer
from accounts.services.api_tokens import revoke_as_staff
from accounts.services.email_links import close_link
from accounts.services.jobs import cancel_job_as_staff
from accounts.services.organizations import (
    add_member,
    change_member_role,
    remove_member,
    rename_as_staff,
)
from accounts.services.people import edit_person
from accounts.services.settings import update_site_settings
from accounts.services.user_administration import (
    UserChanges,
    administer,
    end_session,
    end_sessions,
    take_second_factor_away,
)
from config.lib.admin import ModelAdmin, ReadOnlyAdmin, ReadOnlyTabularInline
from config.lib.errors import AppError


def _for_each(request: HttpRequest, rows: QuerySet[Any], deed: Callable[[Any], object]) -> None:
    """Do ``deed`` to each row; say how many went well and why others did not."""
    done = 0
    for row in rows:
        try:
            deed(row)
            done += 1
        except AppError as error:
            messages.error(request, f"{row}: {error.detail}")
    if done:
        messages.success(request, ngettext("%d done.", "%d done.", done) % done)


class _NoAddNoDelete(ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class MembershipInline(ReadOnlyTabularInline):
    model = Membership
    fields = ("user", "organization", "role", "created_at")
    readonly_fields = fields


@admin.register(User)
class UserAdmin(_NoAddNoDelete):
    list_display = ("display_name", "email", "username", "telegram_id", "role", "is_active")
    list_filter = ("role", "is_active", "is_verified", "lang_code")
    search_fields = ("email", "username", "first_name", "last_name", "telegram_username")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    fields = (
        "email",
        "username",
        "first_name",
        "last_name",
        "telegram_id",
        "telegram_username",
        "lang_code",
        "timezone",
        "is_verified",
        "role",
        "is_active",
        "last_login",
        "created_at",
    )
    readonly_fields = (
        "telegram_id",
        "telegram_username",
        "role",
        "is_active",
        "last_login",
        "created_at",
    )
    inlines = (MembershipInline,)
    actions = (
        "ban",
        "lift_ban",
        "end_sessions",
        "make_superuser",
        "make_admin",
        "make_user",
        "take_second_factor",
        "act_as",
    )

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let an ADMIN see other staff, and nobody change themselves here."""
        is_allowed = super().has_change_permission(request, obj)
        return is_allowed and (obj is None or may_administer(_actor(request), obj))

    def has_superuser_permission(self, request: HttpRequest) -> bool:
        """Django's hook for deeds with ``permissions=["superuser"]``."""
        return _actor(request).role == User.Role.SUPERUSER

    def save_model(
        self, request: HttpRequest, obj: User, form: "ModelForm[Any]", change: bool
    ) -> None:
        edit_person(actor=_actor(request), user=obj, fields=form.changed_data)

    @admin.action(description=_("Ban"), permissions=["change"])
    def ban(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self._change(request, rows, UserChanges(is_active=False))

    @admin.action(description=_("Lift the ban"), permissions=["change"])
    def lift_ban(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self._change(request, rows, UserChanges(is_active=True))

    @admin.action(description=_("End all sessions"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        actor = _actor(request)
        _for_each(request, rows, lambda row: end_sessions(actor=actor, user_id=row.pk))

    @admin.action(description=_("Make superuser"), permissions=["superuser"])
    def make_superuser(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self._change(request, rows, UserChanges(role=User.Role.SUPERUSER))

    @admin.action(description=_("Make admin"), permissions=["superuser"])
    def make_admin(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self._change(request, rows, UserChanges(role=User.Role.ADMIN))

    @admin.action(description=_("Make ordinary user"), permissions=["superuser"])
    def make_user(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self._change(request, rows, UserChanges(role=User.Role.USER))

    @admin.action(description=_("Take the second factor away"), permissions=["superuser"])
    def take_second_factor(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """Let people in by password alone, whose phone and recovery codes are lost."""
        actor = _actor(request)
        _for_each(request, rows, lambda row: take_second_factor_away(actor=actor, user_id=row.pk))

    @admin.action(description=_("Act as this person"), permissions=["superuser"])
    def act_as(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        """See the site as one chosen person does, for an hour."""
        person = rows.first()
        if person is None or rows.count() > 1:
            messages.error(request, _("Choose one person."))
            return None
        address = reverse("accounts:impersonation-start", args=[person.pk])
        return HttpResponseRedirect(address, preserve_request=True)

    def _change(self, request: HttpRequest, rows: QuerySet[User], changes: UserChanges) -> None:
        actor = _actor(request)
        _for_each(
            request, rows, lambda row: administer(actor=actor, user_id=row.pk, changes=changes)
        )


@admin.register(Organization)
class OrganizationAdmin(_NoAddNoDelete):
    list_display = ("name", "is_installation", "timezone", "created_at")
    list_filter = ("is_installation",)
    search_fields = ("name", "id")
    date_hierarchy = "created_at"
    ordering = ("name",)
    fields = ("name", "timezone", "is_installation", "created_at")
    readonly_fields = ("timezone", "is_installation", "created_at")
    inlines = (MembershipInline,)

    def save_model(
        self, request: HttpRequest, obj: Organization, form: "ModelForm[Any]", change: bool
    ) -> None:
        rename_as_staff(actor=_actor(request), organization_id=obj.pk, name=obj.name)


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    list_display = ("user", "organization", "role", "created_at")
    list_filter = ("role",)
    search_fields = ("user__email", "user__username", "organization__name")
    list_select_related = ("user", "organization")
    autocomplete_fields = ("user", "organization")
    ordering = ("-id",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Membership | None = None
    ) -> tuple[str, ...]:
        return ("user", "organization") if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Membership, form: "ModelForm[Any]", change: bool
    ) -> None:
        if change:
            change_member_role(actor=_actor(request), membership_id=obj.pk, role=obj.role)
            return
        made = add_member(
            actor=_actor(request), organization=obj.organization, user=obj.user, role=obj.role
        )
        obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        remove_member(actor=_actor(request), membership_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        _for_each(request, queryset, lambda row: self.delete_model(request, row))


@admin.register(SiteSettings)
class SiteSettingsAdmin(_NoAddNoDelete):
    list_display = ("site_name", "is_registration_open", "updated_at")
    readonly_fields = ("updated_at",)

    def save_model(
        self, request: HttpRequest, obj: SiteSettings, form: "ModelForm[Any]", change: bool
    ) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        update_site_settings(actor=_actor(request), changes=changes)


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ("user", "method", "device", "ip", "last_seen_at", "expires_at", "revoked_at")
    list_filter = ("method", "revoke_reason", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("=id", "user__email", "user__username", "=ip")
    list_select_related = ("user",)
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    actions = ("end",)

    @admin.action(description=_("End the session"), permissions=["view"])
    def end(self, request: HttpRequest, rows: QuerySet[Session]) -> None:
        actor = _actor(request)
        _for_each(request, rows, lambda row: end_session(actor=actor, session_id=row.pk))


@admin.register(RefreshToken)
class RefreshTokenAdmin(ReadOnlyAdmin):
    list_display = ("id", "session", "created_at", "used_at")
    search_fields = ("=session__id",)
    fields = ("session", "created_at", "used_at")
    ordering = ("-id",)


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "user", "organization", "balance_kopecks")
    list_filter = ("kind",)
    search_fields = ("user__email", "user__username", "organization__name")
    list_select_related = ("user", "organization")
    ordering = ("id",)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "debit", "credit", "amount_kopecks", "reference", "created_at")
    list_filter = ("kind", "created_at")
    search_fields = ("=idempotency_key", "=reference", "=correlation_id")
    list_select_related = ("debit", "credit")
    date_hierarchy = "created_at"
    ordering = ("-id",)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "organization", "action", "target", "ip")
    list_filter = ("action", "at")
    search_fields = ("target", "=correlation_id", "actor__email", "actor__username")
    list_select_related = ("actor", "organization")
    date_hierarchy = "at"
    ordering = ("-id",)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("kind", "owner", "state", "ok_count", "failed_count", "total", "created_at")
    list_filter = ("state", "kind")
    search_fields = ("=id", "kind", "owner__email", "owner__username", "=correlation_id")
    list_select_related = ("owner",)
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    actions = ("cancel",)

    @admin.action(description=_("Ask to stop"), permissions=["view"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        actor = _actor(request)
        _for_each(request, rows, lambda row: cancel_job_as_staff(actor=actor, job_id=row.pk))


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    list_display = ("route", "key", "user", "status", "reserved_until", "created_at")
    list_filter = ("status",)
    search_fields = ("=key", "route")
    list_select_related = ("user",)
    date_hierarchy = "created_at"
    ordering = ("-id",)
    # What was answered may hold what only its receiver may see.
    fields = ("user", "route", "key", "status", "reserved_until", "created_at")


def _actor(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise TypeError("The admin is open to signed-in people only.")
    return user


@admin.register(LinkToken)
class LinkTokenAdmin(ReadOnlyAdmin):
    list_display = ("id", "purpose", "user", "created_at", "expires_at", "used_at")
    list_filter = ("purpose",)
    list_select_related = ("user",)
    exclude = ("token_hash", "data")
    ordering = ("-id",)
    actions = ("close",)

    @admin.action(description=_("Make the link worthless"), permissions=["view"])
    def close(self, request: HttpRequest, rows: QuerySet[LinkToken]) -> None:
        _for_each(request, rows, lambda row: close_link(actor=_actor(request), link_id=row.pk))


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("organization", "email", "role", "created_at", "expires_at", "accepted_at")
    list_filter = ("role",)
    search_fields = ("email", "organization__name")
    list_select_related = ("organization",)
    exclude = ("token_hash",)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ("name", "hint", "user", "organization", "last_used_at", "revoked_at")
    search_fields = ("name", "hint", "user__username", "user__email")
    list_select_related = ("user", "organization")
    exclude = ("token_hash",)
    ordering = ("-created_at",)
    actions = ("end",)

    @admin.action(description=_("End the token"), permissions=["view"])
    def end(self, request: HttpRequest, rows: QuerySet[ApiToken]) -> None:
        actor = _actor(request)
        _for_each(request, rows, lambda row: revoke_as_staff(actor=actor, token_id=row.pk))


# django-otp's own pages show the secrets. Whose phone is lost is helped on their card.
for _model in (TOTPDevice, StaticDevice):
    admin.site.unregister(_model)


# Roles say who may what; groups would be a second, silent way.
admin.site.unregister(Group)
