"""What can be wrong with how Tenuto is set up and started."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

SETTING_UNKNOWN = Fault(
    "app.setting_unknown",
    FaultKind.INVALID,
    "an environment variable that begins with TENUTO_ is not a setting",
    "Correct its name, or unset it.",
)
SETTING_INVALID = Fault(
    "app.setting_invalid",
    FaultKind.INVALID,
    "a setting has a value that cannot be used",
    "Correct the setting that the detail names.",
)
