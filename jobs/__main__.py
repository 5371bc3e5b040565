"""``python -m jobs``: serve the pages, work off the queue, look after the jobs."""

from __future__ import annotations

import argparse
import sys

from jobs.errors import SetupError
from jobs.serve import Address, say, serve
from mlpcore.errors import MLPError


def _serve(arguments: argparse.Namespace) -> int:
    return serve(Address.choose(arguments.host, arguments.port))


def _dispatch(arguments: argparse.Namespace) -> int:
    from jobs import runner

    return runner.main(arguments.pipeline)


def _list(arguments: argparse.Namespace) -> int:
    from jobs.store import JobStore

    for job in JobStore.default().list(arguments.limit):
        created = f"{job.created.astimezone():%Y-%m-%d %H:%M}"
        say(f"{job.id}  {job.state:9}  {created}  {job.formula:12}  {job.model}  {job.name}")
    return 0


def _cancel(arguments: argparse.Namespace) -> int:
    from jobs.store import JobStore

    store = JobStore.default()
    store.request_cancel(arguments.id)
    state = store.get(arguments.id).state
    say("It stops at its next piece of work." if state == "running" else f"It is {state}.")
    return 0


def _reindex(_arguments: argparse.Namespace) -> int:
    from jobs.store import JobStore

    say(f"{JobStore.default().reindex()} jobs are in the index.")
    return 0


def _port(text: str) -> int:
    from jobs.settings import whole_number

    try:
        return whole_number({"--port": text}, "--port", 0)
    except SetupError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jobs", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("serve", help="serve the pages and compute the jobs")
    command.add_argument("--host", help="address to listen at (default 127.0.0.1)")
    command.add_argument("--port", type=_port, help="port (default 8501)")
    command.set_defaults(run=_serve)

    command = commands.add_parser("dispatch", help="compute the jobs, without the pages")
    command.add_argument(
        "--pipeline",
        default="properties.pipeline:run",
        help="another calculation with the signature of properties.pipeline.run",
    )
    command.set_defaults(run=_dispatch)

    command = commands.add_parser("list", help="list the newest jobs")
    command.add_argument("--limit", type=int, default=100)
    command.set_defaults(run=_list)

    command = commands.add_parser("cancel", help="cancel a job")
    command.add_argument("id")
    command.set_defaults(run=_cancel)

    command = commands.add_parser("reindex", help="make the index anew from the folders")
    command.set_defaults(run=_reindex)
    return parser


def main(words: list[str] | None = None) -> int:
    """Run a command; return 0, or 2 for what the caller can mend."""
    arguments = _parser().parse_args(words)
    try:
        status: int = arguments.run(arguments)
    except MLPError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
