"""Signed checkpoints: what the audit log's size and root were, kept where nobody can unsay it.

The text is a C2SP ``tlog-checkpoint``, signed as a C2SP ``signed-note`` with Ed25519: foreign tools can check
it.
"""

from tenuto.govern.checkpoints.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from tenuto.govern.checkpoints.keys import (
    SigningKey,
    VerifierKey,
    create_signing_key,
    load_signing_key,
    parse_verifier_key,
)
from tenuto.govern.checkpoints.note import open_note, sign_note
from tenuto.govern.checkpoints.sinks import CheckpointSink, FolderSink

__all__ = [
    "Checkpoint",
    "CheckpointSink",
    "FolderSink",
    "SigningKey",
    "VerifierKey",
    "create_signing_key",
    "load_signing_key",
    "open_checkpoint",
    "open_note",
    "parse_verifier_key",
    "sign_checkpoint",
    "sign_note",
]
