"""The command line of a witness: make its key and state, serve, cosign once, show what it knows."""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.keys import ED25519, KEYS_BYTES_MAX, Key, KeyEnd, parse_keyring, parse_vkey
from counterfoil_verify.log.paths import TilePaths
from counterfoil_verify.log.sources import CHECKPOINT, open_source, read_file
from counterfoil_verify.notes import NOTE_BYTES_MAX, parse_note
from counterfoil_verify.report import printable
from counterfoil_verify.witness.cosigning import COSIGNED, Witness
from counterfoil_verify.witness.requests import (
    WitnessKey,
    check_name,
    parse_head,
    write_add_checkpoint,
)
from counterfoil_verify.witness.server import WitnessServer, serve_in_background
from counterfoil_verify.witness.store import WitnessStore

PASSED, REJECTED, NOT_CHECKED = 0, 1, 3
KEY_BYTES_MAX = 16_384
_NAME = "name"
_KEY = "key.pem"
_STATE = "state.sqlite"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 done, 1 refused to cosign, 2 used wrongly, 3 could not do it."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except Rejected as error:
        return _end(f"REFUSED at {error.step}: {error.reason}", REJECTED)
    except NotChecked as error:
        return _end(f"NOT DONE ({error.step}): {error.reason}", NOT_CHECKED)
    except Exception as error:  # noqa: BLE001 -- Python ends in 1 on a traceback, which would read as a refusal
        return _end(f"NOT DONE (witness): {type(error).__name__}: {error}"[:300], NOT_CHECKED)


def _end(told: str, code: int) -> int:
    print(printable(told), file=sys.stderr)
    return code


def _show_note(note: bytes) -> None:
    """A log's note, line by line: below its head a log may write what it likes."""
    for line in note.decode(errors="replace").split("\n"):
        print(printable(line))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="counterfoil-witness", description=__doc__)
    kinds = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = kinds.add_parser(name, help=run.__doc__, description=run.__doc__)
        made.add_argument("folder", type=Path, help="where the witness keeps its key and state")
        made.set_defaults(run=run)
        return made

    command("init", _init).add_argument("--name", required=True, help="such as witness.example/w1")
    serve = command("serve", _serve)
    serve.add_argument("--bind", default="127.0.0.1:8090", help="host:port (default %(default)s)")
    serve.add_argument("--prefix", default="", help="path before /add-checkpoint")
    cosign = command("cosign", _cosign)
    cosign.add_argument("place", help="the log's address, or a folder")
    cosign.add_argument("--out", type=Path, help="write the line there; standard output otherwise")
    for each in (serve, cosign):
        each.add_argument("--log", action="append", default=[], help="a log's verification key")
        each.add_argument("--keys", type=Path, action="append", default=[], help="its keys.json")
    command("show", _show)
    return parser


def _init(options: argparse.Namespace) -> int:
    """Make a key and an empty state, once, and print the verification key."""
    check_name(options.name)
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    WitnessStore.create(folder / _STATE)
    _write_new(folder / _KEY, pem)
    _write_new(folder / _NAME, options.name.encode())
    print(WitnessKey(options.name, private).public.text)
    return PASSED


def _write_new(path: Path, data: bytes) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise NotChecked("folder", f"{path}: {error.strerror}") from error
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read_key(folder: Path) -> WitnessKey:
    name = read_file(folder / _NAME, 1_024).decode(errors="replace")
    try:
        key = load_pem_private_key(read_file(folder / _KEY, KEY_BYTES_MAX), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotChecked("key", f"{folder / _KEY} is no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NotChecked("key", f"{folder / _KEY} is no Ed25519 key")
    return WitnessKey(check_name(name), key)


def _witness(options: argparse.Namespace, store: WitnessStore) -> Witness:
    """The witness of the folder, for the logs named; a retired key speaks up to its end."""
    found = [parse_vkey(text) for text in options.log]
    ends: dict[Key, KeyEnd] = {}
    for path in options.keys:
        keyring = parse_keyring(read_file(path, KEYS_BYTES_MAX), str(path))
        found += keyring.checkpoint
        ends |= keyring.ends
    require(found, "keys", "name at least one log, by --log or --keys")
    require(all(key.algorithm == ED25519 for key in found), "keys", "a log's key is no Ed25519 key")
    return Witness(_read_key(options.folder), store, found, now=_clock, ends=ends)


def _clock() -> float:
    return time.time()  # noqa: TID251 -- a witness's clock is its own


def _serve(options: argparse.Namespace) -> int:
    """Cosign what logs send, until stopped."""
    host, _, port = options.bind.rpartition(":")
    require(host and port.isdecimal(), "bind", "not host:port")
    with closing(WitnessStore(options.folder / _STATE)) as store:
        witness = _witness(options, store)
        try:
            server = WitnessServer((host.strip("[]"), int(port)), witness, prefix=options.prefix)
        except (OSError, OverflowError) as error:
            raise NotChecked("bind", f"{options.bind}: {error}") from error
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        stop = serve_in_background(server)
        print(
            f"{witness.key.public.text}\nserving {server.path} on port {server.server_port}",
            flush=True,
        )
        ended.wait()
        stop()
    return PASSED


def _cosign(options: argparse.Namespace) -> int:
    """Fetch a log's checkpoint, prove it by the log's tiles, and print the cosignature."""
    with (
        closing(WitnessStore(options.folder / _STATE)) as store,
        closing(open_source(options.place)) as source,
    ):
        witness = _witness(options, store)
        note = source.read(CHECKPOINT, NOTE_BYTES_MAX)
        if note is None:
            raise NotChecked(CHECKPOINT, f"{options.place} serves no checkpoint")
        text, _ = parse_note(note)
        origin, head = parse_head(text)
        old_size = store.known(origin).head.tree_size
        proof: list[bytes] = []
        if 0 < old_size < head.tree_size:
            proof = TilePaths(source, head.tree_size).consistency(old_size)
        answer = witness.add_checkpoint(
            write_add_checkpoint(min(old_size, head.tree_size), proof, note)
        )
    if answer.status != COSIGNED:
        told = f"{head.tree_size} leaves after {old_size}: {answer.body.strip()}"
        raise Rejected("checkpoint", f"{answer.status}, {told}")
    if options.out is None:
        print(answer.body, end="")
    else:
        options.out.write_text(answer.body, encoding="utf-8")
    return PASSED


def _show(options: argparse.Namespace) -> int:
    """Print the verification key, the last head of each log, and what speaks against one."""
    with closing(WitnessStore(options.folder / _STATE)) as store:
        print(_read_key(options.folder).public.text)
        for origin in store.origins():
            print(printable(f"{origin} {store.known(origin).head.tree_size}"))
        evidence = store.evidence()
    for each in evidence:
        print("\n" + printable(f"{each.origin}: {each.reason}"))
        _show_note(each.known_note)
        _show_note(each.offered_note)
    return REJECTED if evidence else PASSED


if __name__ == "__main__":
    sys.exit(main())
