"""Bounds of the data plane. Each is a setting with a value that is safe to start with. Times in seconds."""

from __future__ import annotations

import msgspec

MEBIBYTE = 1024 * 1024


class Timeouts(msgspec.Struct, frozen=True):
    connect: float = 5.0
    first_byte: float = 120.0  # from the request sent to the first byte of the answer
    idle: float = 60.0  # between two pieces of an answer
    quiet: float = 300.0  # of an answer that goes on, but without content
    total: float = 600.0  # for all attempts together


class Limits(msgspec.Struct, frozen=True):
    body: int = 32 * MEBIBYTE
    answer: int = 64 * MEBIBYTE
    body_read: float = 60.0  # to receive a caller's whole body
    attempts: int = 3
    header_hold: float = 30.0  # seconds an answer that shows signs of life waits for its first content
    connections_per_origin: int = 256
    idle_connections_per_origin: int = 32
    idle_connection_age: float = 30.0
    connection_wait: float = 10.0  # for a free connection when all are in use
    ledger_wait: float = 10.0  # for a ledger that is away
    ledger_waiters: int = 1_000
    settle_wait: float = 0.5  # for the cost, before an answer goes out without it
    circuit_open: float = 10.0  # how long an upstream that could not be reached is tried last
    drain: float = 20.0  # for calls in flight when told to stop
    passing_idle: float = 300.0  # between two pieces of an answer of the control plane or a deployed model
