"""What can go wrong between Tenuto and its database or its blobs."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

DATABASE_UNAVAILABLE = Fault(
    "store.database_unavailable",
    FaultKind.UNAVAILABLE,
    "the database does not answer",
    "Try again in a moment; if it lasts, see the database's own log.",
    retryable=True,
)
DATABASE_ADDRESS = Fault(
    "store.database_address",
    FaultKind.INVALID,
    "the address of the database cannot be used",
    "Write it as `postgresql://USER:PASSWORD@HOST:5432/DATABASE`, special characters percent-encoded.",
)
DATABASE_UNREACHABLE = Fault(
    "store.database_unreachable",
    FaultKind.UNAVAILABLE,
    "no PostgreSQL takes connections at the address of the database",
    "Check that it runs, and its host, port and TLS as TENUTO_DATABASE_URL names them.",
    retryable=True,
)
DATABASE_LOGIN = Fault(
    "store.database_login",
    FaultKind.UNAUTHENTICATED,
    "PostgreSQL refuses the login",
    "Correct user and password in TENUTO_DATABASE_URL; the server's `pg_hba.conf` says who may come from where.",
)
DATABASE_NAME = Fault(
    "store.database_name",
    FaultKind.NOT_FOUND,
    "the PostgreSQL server has no database of that name",
    "Correct the end of TENUTO_DATABASE_URL, or have the database made: `tenuto init --print-sql`.",
)
DATABASE_VERSION = Fault(
    "store.database_version",
    FaultKind.UNSUPPORTED,
    "this version of PostgreSQL is too old",
    "Use PostgreSQL 15 or newer.",
)
DATABASE_ROLES = Fault(
    "store.database_roles",
    FaultKind.FORBIDDEN,
    "the login cannot act as one of Tenuto's database roles",
    "Have an administrator run what `tenuto init --print-sql` prints, or give a login with CREATEROLE.",
)
DATABASE_CLOSED = Fault(
    "store.database_closed",
    FaultKind.FORBIDDEN,
    "Tenuto's owner role may not make tables in the database",
    "As the database's owner run `grant create, usage on schema public to tenuto_owner`.",
)
DATABASE_FULL = Fault(
    "store.database_full",
    FaultKind.NO_SPACE,
    "the database has no room left on its disk",
    "Free space on the disk that holds the database; Tenuto goes on by itself when there is room.",
    retryable=True,
)
DATABASE_BUSY = Fault(
    "store.database_busy",
    FaultKind.UNAVAILABLE,
    "every connection to the database is in use",
    "Try again in a moment; if it lasts, look for transactions that do not end.",
    retryable=True,
)
VALUE_REFUSED = Fault(
    "store.value_refused",
    FaultKind.INVALID,
    "a value cannot be kept in the database",
    "Correct the value that the detail describes: an identifier of the wrong form, a NUL character,"
    " a number that is none or too large.",
)
CONFLICTING_CHANGE = Fault(
    "store.conflicting_change",
    FaultKind.CONFLICT,
    "another change got there first",
    "Read the object again and repeat the change on what it is now.",
    retryable=True,
)
REFUSED_BY_DATABASE = Fault(
    "store.refused_by_database",
    FaultKind.INTERNAL,
    "the database refused a statement",
    "This is a fault of Tenuto; report it with the request id.",
)
SCHEMA_AHEAD = Fault(
    "store.schema_ahead",
    FaultKind.UNAVAILABLE,
    "the database was migrated by a newer version of Tenuto",
    "Install the newer version again, or restore the backup taken before the upgrade.",
)
BLOB_MISSING = Fault(
    "store.blob_missing",
    FaultKind.NOT_FOUND,
    "no content is stored under that digest",
    "Check the digest; if it was stored before, restore the blob folder from a backup.",
)
BLOB_DAMAGED = Fault(
    "store.blob_damaged",
    FaultKind.INTERNAL,
    "stored content no longer matches its digest",
    "Restore the blob folder from a backup; the damaged content is not used.",
)
DISK_FULL = Fault(
    "store.disk_full",
    FaultKind.NO_SPACE,
    "the disk that holds Tenuto's files is full",
    "Free space on that disk and send the request again; nothing was half-written.",
    retryable=True,
)
