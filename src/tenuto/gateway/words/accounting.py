"""Tokens, counted once and with their source named.

One algebra for every provider: ``input_tokens`` holds all of the prompt, cached parts included;
``output_tokens`` holds all of the answer, reasoning included. Providers that count otherwise are converted by
their adapter, so that nobody downstream adds the same token twice.
"""

from __future__ import annotations

from enum import Enum

import msgspec

BYTES_PER_TOKEN = 4  # the rule behind every figure marked "estimated"
MOST_TOKENS = 1_000_000_000  # of one call; beyond it, a count is a mistake or a lie
TOKENS_PER_ATTACHMENT = 1_000  # an image or file whose size in tokens only its provider knows


class UsageSource(Enum):
    PROVIDER = "provider"
    ESTIMATED = "estimated"


class Usage(msgspec.Struct, frozen=True):
    """What one call used. The cached and reasoning counts are parts of the two totals, not additions."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    reasoning_tokens: int = 0
    source: UsageSource = UsageSource.PROVIDER

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def fresh_input_tokens(self) -> int:
        """Prompt tokens that neither came out of the provider's cache nor were written into it."""
        return max(0, self.input_tokens - self.cached_input_tokens - self.cache_write_input_tokens)

    def __add__(self, other: Usage) -> Usage:
        estimated = UsageSource.ESTIMATED in {self.source, other.source}
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.cache_write_input_tokens + other.cache_write_input_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            UsageSource.ESTIMATED if estimated else UsageSource.PROVIDER,
        )


NO_USAGE = Usage(0, 0)


class UsageReport(msgspec.Struct, frozen=True):
    """What a provider has said so far; None where it has said nothing. Later reports win, field by field.

    A count that cannot be one (see ``count_of``) is a count that was not said.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    final: bool = True  # False when the counts only cover the answer so far

    def __post_init__(self) -> None:
        for name in _COUNTS:
            said = getattr(self, name)
            if said is not None and count_of(said) is None:
                msgspec.structs.force_setattr(self, name, None)

    def then(self, later: UsageReport) -> UsageReport:
        return UsageReport(
            _latest(later.input_tokens, self.input_tokens),
            _latest(later.output_tokens, self.output_tokens),
            _latest(later.cached_input_tokens, self.cached_input_tokens),
            _latest(later.cache_write_input_tokens, self.cache_write_input_tokens),
            _latest(later.reasoning_tokens, self.reasoning_tokens),
            later.final,
        )


_COUNTS = tuple(name for name in UsageReport.__struct_fields__ if name != "final")


def count_of(said: object) -> int | None:
    """Return what a provider said if it can be a number of tokens: whole, and 0 to ``MOST_TOKENS``."""
    if not isinstance(said, int) or isinstance(said, bool):
        return None
    return said if 0 <= said <= MOST_TOKENS else None


def _latest(later: int | None, earlier: int | None) -> int | None:
    return earlier if later is None else later


def usage_of(report: UsageReport, *, input_estimate: int, output_estimate: int) -> Usage:
    """Return the usage a report stands for, filling what is missing with the estimates and saying so.

    A report that is not final covers the prompt but only the beginning of the answer, so the larger of its
    count and the estimate stands for the answer. A part is never larger than what it is a part of.
    """
    complete = report.final and report.input_tokens is not None and report.output_tokens is not None
    reported_output = report.output_tokens or 0
    read = input_estimate if report.input_tokens is None else report.input_tokens
    written = reported_output if complete else max(reported_output, output_estimate)
    cached = min(report.cached_input_tokens or 0, read)
    return Usage(
        read,
        written,
        cached,
        min(report.cache_write_input_tokens or 0, read - cached),
        min(report.reasoning_tokens or 0, written),
        UsageSource.PROVIDER if complete else UsageSource.ESTIMATED,
    )


def tokens_in(size: int) -> int:
    """Estimate the tokens in ``size`` bytes of text."""
    return -(-size // BYTES_PER_TOKEN)
