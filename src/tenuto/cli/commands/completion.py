"""``tenuto completion``."""

from __future__ import annotations

from enum import Enum

from tenuto.cli.options import JUST_SHOWN, Shown
from tenuto.cli.output import print_json


class Shell(Enum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Shell, /, *, shown: Shown = JUST_SHOWN) -> None:
    """Print the script that completes commands and options in your shell.

    For example:

        tenuto completion bash > ~/.local/share/bash-completion/completions/tenuto
        tenuto completion zsh > ~/.zfunc/_tenuto
        tenuto completion fish > ~/.config/fish/completions/tenuto.fish

    Args:
        shell: The shell that you type in.
    """
    from tenuto.cli.application import build

    script = build().generate_completion(prog_name="tenuto", shell=shell.value)
    if shown.json:
        print_json({"script": script})
    else:
        print(script, end="" if script.endswith("\n") else "\n")
