"""What holds for every test. Fixtures of one kind live in ``tests/support``."""

pytest_plugins = [
    "support.embedded_traps",
    "support.environment",
    "support.not_run",
    "support.platform",
    "support.properties",
    "support.world",
]
