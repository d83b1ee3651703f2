"""SMS texts for demo mode: as the services write them, with a made-up code."""

import random

from sandbox.catalogue import Service

TEMPLATES = {
    "tg": "Telegram code: {code}\n\nYou can also tap on this link to log in:\nhttps://t.me/login/{code}",
    "wa": "Your WhatsApp code: {half}-{rest}\n\nDon't share this code with others",
    "go": "G-{code} is your Google verification code.",
    "fb": "{code} is your Facebook code H29Q+Fsn4Sr",
    "ig": "{code} is your Instagram code. Don't share it.",
    "pp": "PayPal: {code} is your security code. Don't share your code.",
    "ap": "Your Apple Account code is: {code}. Do not share it with anyone.",
    "am": "{code} is your Amazon OTP. Do not share it with anyone.",
    "mm": "Use {code} as Microsoft account security code",
    "ds": "Your Discord verification code is: {code}",
    "ub": "Your Uber code is {code}. Never share this code.",
    "tt": "[TikTok] {code} is your verification code, valid for 5 minutes.",
}
GENERAL = (
    "Your {title} code is {code}",
    "{code} is your {title} verification code.",
    "{title}: your verification code is {code}. It expires in 10 minutes.",
    "<#> {code} is your {title} code. Do not share it.",
)
DIGITS = {"tg": 5, "ds": 6, "ub": 4}


def write_text(service: Service, chance: random.Random) -> str:
    """One SMS. One code in five starts with a zero, so that nobody takes codes for numbers."""
    length = DIGITS.get(service.code, 6)
    first = "0" if chance.random() < 0.2 else chance.choice("123456789")
    code = first + "".join(chance.choices("0123456789", k=length - 1))
    template = TEMPLATES.get(service.code) or chance.choice(GENERAL)
    return template.format(code=code, title=service.title, half=code[:3], rest=code[3:])
