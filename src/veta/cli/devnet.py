"""``veta devnet``: a network of validators and members on this machine, for development."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from veta.cli.console import NOT_VERIFIED, OK, emit, say
from veta.cli.options import AsJson
from veta.errors import NotFoundError

if TYPE_CHECKING:
    from veta.devnet.network import Devnet
    from veta.devnet.record import NetworkFolder, NetworkRecord
    from veta.devnet.standing import NetworkStanding, ValidatorStanding

DEFAULT: Final = Path("veta-devnet")
_MIB: Final = 1 << 20

app = typer.Typer(
    name="devnet",
    help="A network of validators and members on this machine, from one description file. Example: "
    "veta devnet up --network network.toml",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder: TypeAlias = Annotated[
    Path, typer.Option("--dir", help="Folder of the network; several can run side by side.")
]


@app.command("up")
def up(
    network: Annotated[Path, typer.Option(help="The network description file.")],
    folder: Folder = DEFAULT,
    engine: Annotated[
        Path | None, typer.Option(help="The engine's program; else VETA_GETH, else geth.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Make the network if there is none, and start whatever of it does not run.

    Run again after a crash it takes up what is there and clears away what nobody remembers.
    Everything listens on loopback, at ports that were free. A key of a member is in its home, with
    its password beside it: nothing here guards anything of value.

    Example: veta devnet up --network network.toml --dir veta-devnet
    """
    from veta.bootstrap import SystemClock
    from veta.devnet.engine import find_engine

    clock = SystemClock()
    begun_s = clock.monotonic_s()
    net = _devnet(folder)
    record = net.up(network, find_engine(engine))
    seconds = round(clock.monotonic_s() - begun_s, 1)
    document = {"ready_s": seconds, **_network_json(net.folder, record)}
    lines = [f"Ready in {seconds} s: {net.folder.path}"]
    lines += [f"  validator {each.name:<14} {each.endpoint.url}" for each in record.validators]
    lines += [f"  home      {home}" for home in _homes(net.folder)]
    emit(document, lines, as_json=as_json)
    return OK


@app.command("down")
def down(folder: Folder = DEFAULT, as_json: AsJson = False) -> int:
    """End the validators that `up` started, and nothing else; what they wrote stays.

    Example: veta devnet down --dir veta-devnet
    """
    ended = _devnet(folder).down()
    emit({"ended": ended}, [_ended(ended)], as_json=as_json)
    return OK


@app.command("reset")
def reset(folder: Folder = DEFAULT, as_json: AsJson = False) -> int:
    """End the validators and remove everything that `up` made: chain, homes, keys.

    Example: veta devnet reset --dir veta-devnet
    """
    net = _devnet(folder)
    ended = net.reset()
    lines = [_ended(ended), f"{net.folder.path} is empty"]
    emit({"ended": ended, "dir": str(net.folder.path)}, lines, as_json=as_json)
    return OK


@app.command("status")
def status(folder: Folder = DEFAULT, as_json: AsJson = False) -> int:
    """Show each validator, how far it is, and whether all tell the same.

    Ends with 0 if all run, make blocks and tell the same, 1 if not, 2 if there is no network.

    Example: veta devnet status --dir veta-devnet --json
    """
    from veta.bootstrap import SystemClock
    from veta.devnet.standing import look_at

    net = _devnet(folder)
    record = net.folder.require()
    standing = look_at(net.folder, record, SystemClock())
    document = {
        "dir": str(net.folder.path),
        "phase": record.phase,
        "whole": standing.is_whole,
        "halted": standing.is_halted,
        "apart": list(standing.apart),
        "validators": [_standing_json(each) for each in standing.validators],
    }
    emit(document, _standing_lines(standing), as_json=as_json)
    return OK if standing.is_whole else NOT_VERIFIED


@app.command("logs")
def logs(
    validator: Annotated[str, typer.Argument(help="Whose; default: everybody's.")] = "",
    lines: Annotated[int, typer.Option(min=1, max=100_000, help="How many, from the end.")] = 20,
    folder: Folder = DEFAULT,
    as_json: AsJson = False,
) -> int:
    """Print the end of what the validators printed.

    Example: veta devnet logs norte --lines 50
    """
    net = _devnet(folder)
    names = [each.name for each in net.folder.require().validators]
    if validator and validator not in names:
        raise NotFoundError("devnet.no_validator", f"there is no validator {validator}")
    wanted = [validator] if validator else names
    found = {name: _tail(net.folder.log(name), lines) for name in wanted}
    shown = [f"{name}: {line}" for name, each in found.items() for line in each]
    emit({"logs": found}, shown, as_json=as_json)
    return OK


def _devnet(folder: Path) -> Devnet:
    from veta.bootstrap import SystemClock
    from veta.devnet.network import Devnet
    from veta.devnet.record import NetworkFolder

    return Devnet(NetworkFolder(folder), SystemClock(), say)


def _tail(path: Path, lines: int) -> list[str]:
    if not path.is_file():
        return []
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - 400 * lines))
        return stream.read().decode("utf-8", "replace").splitlines()[-lines:]


def _ended(ended: list[str]) -> str:
    return f"Ended {', '.join(ended)}" if ended else "Nothing ran"


def _homes(folder: NetworkFolder) -> list[Path]:
    return sorted(folder.home("x").parent.iterdir())


def _network_json(folder: NetworkFolder, record: NetworkRecord) -> dict[str, Any]:
    return {
        "dir": str(folder.path),
        "chain_id": record.chain_id,
        "trust": str(folder.trust),
        "validators": [
            {
                "name": each.name,
                "sealer": each.sealer,
                "url": each.endpoint.url,
                "p2p_port": each.endpoint.p2p_port,
                "pid": None if each.process is None else each.process.pid,
            }
            for each in record.validators
        ],
        "homes": [str(home) for home in _homes(folder)],
    }


def _standing_json(each: ValidatorStanding) -> dict[str, Any]:
    return {
        "name": each.record.name,
        "state": each.state,
        "code": each.code or None,
        "url": each.record.endpoint.url,
        "pid": None if each.record.process is None else each.record.process.pid,
        "head": each.head,
        "age_s": each.age_s,
        "final": None if each.final is None else each.final.number,
        "peers": each.peers,
        "memory_octets": each.memory_octets,
    }


def _standing_lines(standing: NetworkStanding) -> list[str]:
    lines = []
    for each in standing.validators:
        line = f"{each.record.name:<14} {each.state:<8} {each.record.endpoint.url}"
        if each.head is not None:
            final = "-" if each.final is None else each.final.number
            line += f"  head {each.head}  final {final}  peers {each.peers}"
        if each.memory_octets is not None:
            line += f"  {each.memory_octets // _MIB} MiB"
        lines.append(line + (f"  {each.code}" if each.code else ""))
    if standing.is_halted:
        lines.append("No block is made any more: too few validators, or `veta devnet up` mends it")
    lines += [f"{name} tells another final block than most" for name in standing.apart]
    return lines
