"""The error codes that the provider documents for each call."""

DOCUMENTED = {
    "get/balance": {401},
    "list/countries": {401},
    "list/projects": {401},
    "list/prices": {401, 50001},
    "get/number": {401, 50002, 50104, 50201, 50208, 50214},
    "get/sms": {401, 50101, 50102},
    "cancel": {401, 50103},
    "reuse": {400, 50001, 50007, 50107, 50108, 50109, 50201, 50208},
    "rent/list/area": {401},
    "rent/get/number": {401, 50004, 50201, 50208, 50401, 50402},
    "rent/renew/number": {401, 50201, 50401, 50402, 50404},
    "rent/cancel/order": {401, 50005, 50403, 50405},
    "rent/list/number": {401},
    "rent/list/order": {401},
    "rent/get/sms": {401, 404},
    "rent/list/sms": {401, 404},
    "rent/change/link/status": {401, 404},
}
