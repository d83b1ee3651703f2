"""Addresses of the reports."""

from django.urls import include, path

from reports.views import exports, inbox, spend

app_name = "reports"

team_urls = [
    path("spend/", spend.spend, name="spend"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("exports/", exports.exports, name="exports"),
    path("exports/csv/", exports.export_csv, name="export_csv"),
    path("exports/workbook/", exports.export_workbook, name="export_workbook"),
    path("exports/<uuid:export>/file/", exports.download, name="download_export"),
    path("exports/<uuid:export>/cancel/", exports.cancel, name="cancel_export"),
]

urlpatterns = [path("t/<slug:team>/", include(team_urls))]
