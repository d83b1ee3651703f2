"""Accounts in the admin, for staff, who sign in as everybody else does.

Secrets are neither shown nor typed in here, nor is anything that belongs to the provider's side: a
token is put in by an owner, on a page that has the provider confirm it.
"""

from typing import Any

from allauth.account.admin import EmailAddressAdmin as AllauthEmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa.admin import AuthenticatorAdmin as AllauthAuthenticatorAdmin
from allauth.mfa.models import Authenticator
from allauth.usersessions.admin import UserSessionAdmin as AllauthUserSessionAdmin
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import staff_deeds
from accounts.audit.staff import AuditedAdmin
from accounts.models import AuditEntry, Invitation, Membership, ProviderAccount, Role, Team, User
from accounts.signals import access_changed
from accounts.staff_forms import MembershipForm, MembershipFormSet
from core.admin import DaysFilter, ReadOnlyAdmin, StaffInline


class MembershipInline(StaffInline[Membership]):
    """Who is in the team."""

    model = Membership
    formset = MembershipFormSet


@admin.register(User)
class UserAdmin(AuditedAdmin[User], DjangoUserAdmin[User]):
    """People; by address, as there are no user names."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    readonly_fields = ("date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Person"), {"fields": ("name", "time_zone")}),
        (
            _("Rights"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Dates"), {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)
    deeds = (staff_deeds.END_ALL_SESSIONS,)


@admin.register(Team)
class TeamAdmin(AuditedAdmin[Team]):
    """Teams, their members, and the terms that they have accepted."""

    list_display = (
        *("name", "slug", "is_personal", "size", "has_accepted_terms", "created"),
        "closed_at",
    )
    list_filter = ("is_personal", "needs_second_factor")
    ordering = ("name", "pk")
    search_fields = ("name", "slug", "memberships__user__email")
    readonly_fields = (
        *("slug", "created", "closed_at"),
        *("terms_version", "terms_accepted_at", "terms_accepted_by"),
    )
    inlines = (MembershipInline,)
    deeds = (staff_deeds.WITHDRAW_TERMS,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).annotate(size=Count("memberships", distinct=True))

    @admin.display(description=_("members"), ordering="size")
    def size(self, team: Team) -> int:
        """How many are in the team."""
        return team.size  # type: ignore[attr-defined]

    @admin.display(description=_("terms"), boolean=True)
    def has_accepted_terms(self, team: Team) -> bool:
        """Whether the team may buy."""
        return team.has_accepted_terms

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """A team is the owner of its books."""
        return False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Let who has another role now come back with the rights that are left."""
        super().save_formset(request, form, formset, change)
        for row, _names in getattr(formset, "changed_objects", ()):
            if isinstance(row, Membership):
                access_changed.send(Membership, team_id=row.team_id, user_id=row.user_id)


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin[Membership]):
    """Who may do what where. No team is left without an owner."""

    form = MembershipForm
    list_display = ("user", "team", "role", "created")
    list_filter = (("role", ChoicesDropdownFilter), ("team", AutocompleteSelectFilter))
    list_select_related = ("user", "team")
    search_fields = ("user__email", "user__name", "team__name", "team__slug")

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        """As the permissions say, but for a team's last owner."""
        return super().has_delete_permission(request, obj) and not (obj and _is_last_owner(obj))

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        """Let who has another role now come back with the rights that are left."""
        super().save_model(request, obj, form, change)
        access_changed.send(Membership, team_id=obj.team_id, user_id=obj.user_id)


def _is_last_owner(membership: Membership) -> bool:
    others = Membership.objects.filter(team=membership.team_id, role=Role.OWNER)
    return membership.role == Role.OWNER and not others.exclude(pk=membership.pk).exists()


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ReadOnlyAdmin[ProviderAccount]):
    """Provider accounts, to look at; of the token only its end."""

    list_display = (
        *("name", "team", "private_to", "state", "suspended_code", "token_last4"),
        *("balance", "frozen", "balance_at"),
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        "suspended_code",
        ("team", AutocompleteSelectFilter),
    )
    list_select_related = ("team",)
    search_fields = ("name", "team__name", "team__slug", "token_last4")
    ordering = ("name", "pk")
    fields = (
        *("id", "team", "private_to", "name", "token_last4", "has_refer_id"),
        *("state", "suspended_code", "suspended_at", "balance", "frozen", "balance_at"),
        *("poll_slot", "created"),
    )
    deeds = (staff_deeds.CHECK_TOKEN,)

    @admin.display(description=_("referral ID"), boolean=True)
    def has_refer_id(self, account: ProviderAccount) -> bool:
        """Whether one is set."""
        return account.has_refer_id


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin[Invitation]):
    """Who is invited where; the links are in the mails alone."""

    list_display = ("email", "team", "role", "invited_by", "sent_at", "expires_at", "accepted_at")
    list_filter = ("role",)
    list_select_related = ("team", "invited_by")
    search_fields = ("email", "team__name", "team__slug")
    fields = (
        *("email", "team", "role", "invited_by", "created", "sent_at", "expires_at"),
        *("accepted_at", "accepted_by"),
    )


for _other in (Group, EmailAddress, UserSession, Authenticator):
    admin.site.unregister(_other)


@admin.register(Group)
class GroupAdmin(AuditedAdmin[Group], DjangoGroupAdmin):
    """What staff may do, by group."""


@admin.register(EmailAddress)
class EmailAddressAdmin(AuditedAdmin[EmailAddress], AllauthEmailAddressAdmin):
    """Addresses that people sign in with."""


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin[UserSession], AllauthUserSessionAdmin):
    """Where people are signed in; ending one signs them out there. Its key is a secret."""

    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    list_filter = (("user", AutocompleteSelectFilter),)
    list_select_related = ("user",)
    search_fields = ("user__email", "ip")
    fields = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    ordering = ("-pk",)
    deeds = (staff_deeds.END_SESSION,)


@admin.register(Authenticator)
class AuthenticatorAdmin(AuditedAdmin[Authenticator], AllauthAuthenticatorAdmin):
    """Second factors; staff delete those of somebody who has lost theirs, and see none of the secrets."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    """Who did what, in all teams and outside of them; ``manage.py verify_audit`` proves it."""

    list_display = ("at", "actor_name", "action", "object_label", "chain_id", "sequence", "ip")
    list_filter = (("action", ChoicesDropdownFilter), ("at", DaysFilter))
    search_fields = ("=actor_email", "=object_id", "=chain__key", "=ip")
    date_hierarchy = "at"
    dates_by = "at"
    ordering = ("-at", "-sequence")
    fields = (
        *("at", "actor_name", "actor_email", "actor_id", "action"),
        *("object_type", "object_label", "object_id", "before", "after"),
        *("ip", "user_agent", "chain_id", "sequence", "previous", "signature"),
    )
