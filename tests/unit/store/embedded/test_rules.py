from __future__ import annotations

from pathlib import Path

import pytest

from tenuto.core.errors import TenutoError
from tenuto.store.embedded.rules import cause_of, command_line, settings_of


def test_the_socket_folder_is_quoted_and_nothing_listens_on_tcp() -> None:
    settings = settings_of("/a b/c", {})
    assert settings["unix_socket_directories"] == '"/a b/c"'
    assert settings["listen_addresses"] == ""


def test_a_wish_replaces_a_chosen_setting() -> None:
    assert settings_of("/s", {})["shared_buffers"] == "48MB"
    assert settings_of("/s", {"shared_buffers": "1GB"})["shared_buffers"] == "1GB"


@pytest.mark.parametrize(
    "name", ["listen_addresses", "FSYNC", "hba_file", "unix_socket_directories", "log_statement", "ssl"]
)
def test_a_wish_for_a_fixed_setting_is_refused_by_name(name: str) -> None:
    with pytest.raises(TenutoError) as raised:
        settings_of("/s", {name: "x", "work_mem": "8MB"})
    assert raised.value.fault.code == "store.postgres_setting_fixed"
    assert raised.value.detail == name


def test_the_command_line_names_the_data_folder_in_a_word_of_its_own() -> None:
    line = command_line(Path("/bin/postgres"), Path("/data"), {"port": "5432"})
    assert line == ["/bin/postgres", "-D", "/data", "-c", "port=5432"]


STAMP = "2026-11-21 22:00:35.315 UTC [17935] "


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('FATAL:  could not write lock file "postmaster.pid": No space left on device', "no_space"),
        ("FATAL:  could not create shared memory segment: No space left on device", "no_memory"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "no_memory"),
        ("FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use", "old_processes"),
        ('FATAL:  data directory "/d" has invalid permissions', "unsafe_permissions"),
        ('FATAL:  data directory "/d" has wrong ownership', "home_not_ours"),
        ("FATAL:  database files are incompatible with server", "data_incompatible"),
        ("cannot execute /x/postgres: Exec format error", "binaries_unusable"),
        ("postgres: error while loading shared libraries: libz.so.1: cannot open", "binaries_unusable"),
        ('FATAL:  unrecognized configuration parameter "x"', "start_failed"),
    ],
)
def test_last_words_are_understood(words: str, code: str) -> None:
    error = cause_of(f"{STAMP}LOG:  starting\n{STAMP}{words}\n{STAMP}LOG:  database system is shut down\n")
    assert error.fault.code == f"store.postgres_{code}"
    assert words in error.detail
    assert "LOG:" not in error.detail


def test_answers_to_early_clients_are_not_the_cause() -> None:
    error = cause_of(f"{STAMP}FATAL:  the database system is starting up\n{STAMP}PANIC:  broken\n")
    assert error.detail == f"{STAMP}PANIC:  broken"


def test_a_program_that_said_nothing() -> None:
    assert cause_of("").detail == "it said nothing"
