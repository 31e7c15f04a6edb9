"""The operator's door: one file a noun, read only when its command is called."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

import click

from kinetoscope import __version__
from kinetoscope.domain.errors import KinetoscopeError

COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("demo:demo", "Make three videos in a folder, and show what they cost."),
    "init": ("setup:init", "Make a home: settings, a database, an account with play money."),
    "serve": ("serve:serve", "Answer requests and make videos until told to stop."),
    "worker": ("serve:worker", "Make the videos of a home, without answering requests."),
    "generate": ("generate:generate", "Make one video and save it."),
    "mcp": ("agents:mcp", "Give an agent tools that make videos."),
    "account": ("accounts:account", "Open, list and show accounts."),
    "key": ("keys:key", "Create, change, list and revoke the keys of accounts."),
    "deposit": ("accounts:deposit", "Add money to an account."),
    "refund": ("tasks:refund", "Give back what a task was charged."),
    "task": ("tasks:task", "List, show and cancel tasks, whoever they belong to."),
    "webhook": ("webhooks:webhook", "Show who is told of the end of tasks, and who does not hear."),
    "audit": ("accounts:audit", "Add up the books again, and fail if they do not agree."),
    "check": ("setup:check", "Show the settings in force, and everything wrong with them."),
}
FAILED, INTERRUPTED = 1, 130


class _Commands(click.Group):
    """Imports a command when it is called; its line in the help is known without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def kinetoscope() -> None:
    """Make videos for whoever has a key, and account for every cent.

    A service keeps everything in its home, which --home or KINETOSCOPE_HOME names.
    """


def main() -> None:
    """Run the command that the arguments name, and exit as a Unix program does."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and tell its exit status; errors are one line, on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our letters gets others
    try:
        status = kinetoscope.main(list(arguments), "kinetoscope", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _fail(error.format_message())
    except KinetoscopeError as error:
        return _fail(error.message)
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        return _fail(f"{error.strerror or error}{place}")
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def _fail(message: str) -> int:
    click.echo(f"kinetoscope: {message}", err=True)
    return FAILED
