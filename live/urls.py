from django.urls import path

from live import views

app_name = "live"
urlpatterns = [path("t/<slug:team>/live-ticket/", views.ticket, name="ticket")]
