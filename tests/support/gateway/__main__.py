"""Serve a project: `python -m gateway --database-url ... --port 54321 --secret ...`.

Prints one line of JSON, {url, anon_key, service_role_key, publishable_key, secret_key}, once it listens.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
from pathlib import Path

import uvicorn

from gateway.app import gateway
from gateway.claims import Keys
from gateway.project import Project


def main() -> None:
    """Serve until a signal comes."""
    arguments = _arguments()
    project = Project(
        conninfo=arguments.database_url,
        keys=Keys(arguments.secret),
        token_seconds=arguments.token_seconds,
        storage_folder=arguments.storage or Path(tempfile.mkdtemp(prefix="gateway-storage-")),
    )
    # asyncio sends small answers at once only on sockets that say they are TCP: else each takes 40 ms more.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", arguments.port))
    config = uvicorn.Config(
        gateway(project),
        log_config=None,
        access_log=False,
        loop="asyncio",
        http="h11",
        ws="websockets-sansio",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config, project=project)
    if arguments.until_stdin_closes:
        _exit_with_stdin()
    asyncio.run(server.serve(sockets=[listening]))


class _Server(uvicorn.Server):
    """A server that says where it listens."""

    def __init__(self, config: uvicorn.Config, *, project: Project) -> None:
        super().__init__(config)
        self._project = project

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        keys = self._project.keys
        port = (sockets or [])[0].getsockname()[1]
        said = {
            "url": f"http://127.0.0.1:{port}",
            "anon_key": keys.anon,
            "service_role_key": keys.service_role,
            "publishable_key": keys.publishable,
            "secret_key": keys.secret_key,
        }
        print(json.dumps(said), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("--database-url", required=True, help="of a user that may `set role` to the three")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--secret", required=True, help="signs the tokens; at least 32 characters")
    parser.add_argument("--storage", type=Path, help="folder of the buckets; default: a new one")
    parser.add_argument("--token-seconds", type=int, default=3600, help="life of access tokens")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with whoever started it")
    return parser.parse_args()


def _exit_with_stdin() -> None:
    import threading

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
