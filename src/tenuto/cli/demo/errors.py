"""What stops the demo before it starts anything."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

DEMO_EXTRA_MISSING = Fault(
    "cli.demo_extra_missing",
    FaultKind.INVALID,
    "the clients that the demo drives the platform with are not installed",
    "Install Tenuto with its extra: `pip install 'tenuto[demo]'`.",
)
REPORT_FOLDER_UNUSABLE = Fault(
    "cli.report_folder_unusable",
    FaultKind.INVALID,
    "the report cannot be written there",
    "Name a folder that you may write into: `tenuto demo --into FOLDER`.",
)
PROVIDER_UNKNOWN = Fault(
    "cli.provider_unknown",
    FaultKind.INVALID,
    "the demo knows no such provider",
    "Name one of those in the detail, or leave `--provider` out: then simulators are called.",
)
PROVIDER_KEY_MISSING = Fault(
    "cli.provider_key_missing",
    FaultKind.INVALID,
    "there is no key for the provider",
    "Set the variable that the detail names to a key of yours, or leave `--provider` out.",
)
PROVIDER_ANSWERS_NOT = Fault(
    "cli.provider_answers_not",
    FaultKind.UNAVAILABLE,
    "the provider does not tell its models",
    "Check the key and the address that the detail names, or leave `--provider` out.",
)
MODEL_UNKNOWN = Fault(
    "cli.model_unknown",
    FaultKind.INVALID,
    "the provider has no such model for this key",
    "Name one that it has with `--model`; the detail lists some.",
)
