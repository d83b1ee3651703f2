"""Accounts in the admin, for staff, who sign in as everybody else does.

Secrets are neither shown nor typed in here, nor is anything that belongs to the provider's side: a
token is put in by an owner, on a page that has the provider confirm it.
"""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, ProviderAccount, Team, User
from core.admin import ReadOnlyAdmin

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class MembershipInline(admin.TabularInline[Membership, Team]):
    """Who is in the team."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """People; by address, as there are no user names."""

    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    readonly_fields = ("date_joined", "last_login")
    filter_horizontal = ("groups", "user_permissions")
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


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin[Team]):
    """Teams and their members."""

    list_display = ("name", "slug", "is_personal", "size", "created")
    list_filter = ("is_personal",)
    search_fields = ("name", "slug", "memberships__user__email")
    readonly_fields = ("slug", "created")
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).annotate(size=Count("memberships", distinct=True))

    @admin.display(description=_("members"), ordering="size")
    def size(self, team: Team) -> int:
        """How many are in the team."""
        return team.size  # type: ignore[attr-defined]

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """A team is the owner of its books."""
        return False


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    """Who may do what where."""

    list_display = ("user", "team", "role", "created")
    list_filter = ("role",)
    list_select_related = ("user", "team")
    search_fields = ("user__email", "user__name", "team__name", "team__slug")
    autocomplete_fields = ("user", "team")


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ReadOnlyAdmin[ProviderAccount]):
    """Provider accounts, to look at; of the token only its end."""

    list_display = (
        *("name", "team", "state", "suspended_code", "token_last4"),
        *("balance", "frozen", "balance_at"),
    )
    list_filter = ("state", "suspended_code")
    list_select_related = ("team",)
    search_fields = ("name", "team__name", "team__slug", "token_last4")
    fields = (
        *("id", "team", "name", "token_last4", "has_refer_id"),
        *("state", "suspended_code", "suspended_at", "balance", "frozen", "balance_at"),
        *("poll_slot", "created"),
    )

    @admin.display(description=_("referral ID"), boolean=True)
    def has_refer_id(self, account: ProviderAccount) -> bool:
        """Whether one is set."""
        return account.has_refer_id
