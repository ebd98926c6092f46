"""Was the audit log tampered with? Answered from an exported bundle alone, or over rows of the database."""

from tenuto.govern.verify.bundle import BundleSource, Manifest, verify_bundle, write_bundle
from tenuto.govern.verify.rules import verify_log
from tenuto.govern.verify.words import LogRow, Problem, ProblemKind, Report, Statement, Unreadable

__all__ = [
    "BundleSource",
    "LogRow",
    "Manifest",
    "Problem",
    "ProblemKind",
    "Report",
    "Statement",
    "Unreadable",
    "verify_bundle",
    "verify_log",
    "write_bundle",
]
