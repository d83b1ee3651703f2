"""Addresses of notifications and alerts."""

from django.urls import path

from notify.views import alerts, notifications, preferences

app_name = "notify"
TEAM = "t/<slug:team>/"
urlpatterns = [
    path("me/notifications/", preferences.preferences, name="preferences"),
    path(f"{TEAM}notifications/", notifications.notifications, name="notifications"),
    path(f"{TEAM}notifications/bell/", notifications.bell, name="bell"),
    path(f"{TEAM}notifications/read/", notifications.read_all, name="read_all"),
    path(
        f"{TEAM}notifications/<int:notification>/open/",
        notifications.open_notification,
        name="open",
    ),
    path(f"{TEAM}alerts/", alerts.alerts, name="alerts"),
    path(f"{TEAM}alerts/new/", alerts.add_alert, name="add_alert"),
    path(f"{TEAM}alerts/<int:alert>/pause/", alerts.pause_alert, name="pause_alert"),
    path(f"{TEAM}alerts/<int:alert>/arm/", alerts.arm_alert, name="arm_alert"),
    path(f"{TEAM}alerts/<int:alert>/delete/", alerts.delete_alert, name="delete_alert"),
]
