"""The headers on every response. Pages load nothing but Tenuto's own files and run no inline script."""

from __future__ import annotations

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{name} {value}" for name, value in _POLICY.items())
_UNUSED = ("camera", "microphone", "geolocation", "payment", "usb", "serial", "midi")
_TWO_YEARS = 63_072_000  # seconds

# Not `no-referrer`: with it a browser sends `Origin: null` on our own forms, which the origin check refuses.
_REFERRER_POLICY = "same-origin"


def security_headers(*, secure: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers in ASGI form; ``secure`` says that people reach us over TLS."""
    headers = {
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": _REFERRER_POLICY,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
    }
    if secure:
        headers["strict-transport-security"] = f"max-age={_TWO_YEARS}"
    return [(name.encode(), value.encode()) for name, value in headers.items()]
