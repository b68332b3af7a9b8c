"""What outlives a command: processes named for good, folders that remember, ports that are free."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.support.cli_home import run
from veta.devnet.description import load_description
from veta.devnet.engine import Endpoint, find_engine
from veta.devnet.making import choose_ports
from veta.devnet.processes import (
    ProcessName,
    free_ports,
    is_free,
    name_of,
    start,
    with_argument,
)
from veta.devnet.record import MARKER, NetworkFolder, NetworkRecord, ValidatorRecord
from veta.errors import ConfigError, ConflictError, NotFoundError

NETWORK = PROJECT / "hardhat-free-devnet" / "network.toml"
RECORD = NetworkRecord(
    description="00" * 32,
    engine="/bin/geth",
    chain_id=7,
    phase="made",
    validators=(
        ValidatorRecord("a", "0x" + "01" * 20, "02" * 64, Endpoint(1, 2), ProcessName(3, 4, "b")),
        ValidatorRecord("b", "0x" + "03" * 20, "04" * 64, Endpoint(5, 6)),
    ),
)


@contextmanager
def sleeping(tmp_path: Path, *, deaf: bool = False) -> Iterator[ProcessName]:
    """A process with the folder among its arguments; a deaf one does not hear SIGTERM."""
    trap = "trap '' TERM; " if deaf else ""
    script = f"{trap}echo ready; while :; do sleep 0.05; done"
    log = tmp_path / "log"
    named = start(["/bin/sh", "-c", script, str(tmp_path)], log, folder=tmp_path)
    try:
        for _ in range(200):
            if log.read_text():
                break
            time.sleep(0.01)
        yield named
    finally:
        if named.is_alive():
            os.kill(named.pid, signal.SIGKILL)


class TestProcesses:
    def test_end__of_a_process__ends_it_and_it_is_gone(self, tmp_path: Path) -> None:
        with sleeping(tmp_path) as named:
            assert named.is_alive()
            assert (named.memory_octets() or 0) > 0
            named.end()
            assert not named.is_alive()
            assert named.memory_octets() is None or name_of(named.pid) is None

    def test_end__of_one_that_does_not_hear__kills_it(self, tmp_path: Path) -> None:
        with sleeping(tmp_path, deaf=True) as named:
            named.end(patience_s=0.3)
            assert not named.is_alive()

    def test_end__of_a_number_that_was_given_out_again__ends_nobody(self, tmp_path: Path) -> None:
        with sleeping(tmp_path) as named:
            for other in (
                replace(named, started=named.started - 1),
                replace(named, boot="another boot"),
            ):
                assert not other.is_alive()
                other.end(patience_s=0.2)
            assert named.is_alive()

    def test_name__of_the_dead_that_nobody_has_buried__is_none(self) -> None:
        child = subprocess.Popen(["/bin/true"])
        for _ in range(200):
            if name_of(child.pid) is None:
                break
            time.sleep(0.01)
        assert name_of(child.pid) is None
        child.wait()

    def test_with_argument__finds_exactly_the_folder(self, tmp_path: Path) -> None:
        with sleeping(tmp_path) as named:
            assert named in list(with_argument(str(tmp_path)))
            assert list(with_argument(str(tmp_path)[:-1])) == []

    def test_start__of_no_program__is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as refused:
            start([str(tmp_path / "none")], tmp_path / "log", folder=tmp_path)
        assert refused.value.code == "devnet.not_started"


class TestPorts:
    def test_free_ports__are_all_different_and_free(self) -> None:
        ports = free_ports(40)
        assert len(set(ports)) == 40
        assert all(is_free(port) for port in ports)

    def test_is_free__of_one_that_somebody_listens_at__is_not(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            assert not is_free(server.getsockname()[1])

    def test_choose__keeps_what_is_named_and_never_gives_it_to_another(self) -> None:
        network = load_description(NETWORK)
        (port,) = free_ports(1)
        first, *others = network.validators
        named = replace(network, validators=(replace(first, p2p_port=port), *others))
        chosen = choose_ports(named)
        every = [each for place in chosen for each in (place.http_port, place.p2p_port)]
        assert chosen[0].p2p_port == port
        assert len(set(every)) == 8

    def test_choose__a_named_port_that_is_in_use__is_refused(self) -> None:
        network = load_description(NETWORK)
        with socket.create_server(("127.0.0.1", 0)) as server:
            taken = server.getsockname()[1]
            first, *others = network.validators
            named = replace(network, validators=(replace(first, http_port=taken), *others))
            with pytest.raises(ConfigError) as refused:
                choose_ports(named)
        assert refused.value.code == "devnet.port_taken"


class TestFolder:
    def test_write__comes_back(self, tmp_path: Path) -> None:
        folder = NetworkFolder(tmp_path / "net")
        with folder.claimed():
            assert folder.read() is None
            folder.write(RECORD)
            assert folder.read() == RECORD

    @pytest.mark.parametrize(
        "content",
        ["", "{", "[]", "{}", '{"format": "veta-devnet/2"}', '{"format": "veta-devnet/1"}'],
    )
    def test_read__what_is_damaged__is_refused(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "devnet.json").write_text(content)
        with pytest.raises(ConfigError) as refused:
            NetworkFolder(tmp_path).read()
        assert refused.value.code == "devnet.damaged"

    def test_claimed__a_folder_of_somebody_else__is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("years of work")
        with pytest.raises(ConfigError) as refused, NetworkFolder(tmp_path).claimed():
            pass
        assert refused.value.code == "devnet.not_ours"
        assert run("devnet", "reset", "--dir", tmp_path).code == 0
        assert (tmp_path / "thesis.txt").read_text() == "years of work"
        assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]

    def test_claimed__by_another_command__is_busy(self, tmp_path: Path) -> None:
        folder = NetworkFolder(tmp_path / "net")
        with folder.claimed():
            with pytest.raises(ConflictError) as refused, folder.claimed():
                pass
            assert refused.value.code == "devnet.busy"
        handle = os.open(folder.path / MARKER, os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)

    def test_require__nothing_there__says_so(self, tmp_path: Path) -> None:
        with pytest.raises(NotFoundError) as refused:
            NetworkFolder(tmp_path).require()
        assert refused.value.code == "devnet.none"


class TestCommands:
    def test_down__with_a_stale_number__ends_nobody(self, tmp_path: Path) -> None:
        """The record names this very process by number, but as of another start."""
        folder = NetworkFolder(tmp_path / "net")
        with sleeping(tmp_path) as named:
            stale = replace(named, started=named.started + 1)
            first, second = RECORD.validators
            with folder.claimed():
                folder.write(replace(RECORD, validators=(replace(first, process=stale), second)))
            done = run("devnet", "down", "--dir", folder.path, "--json")
            assert (done.code, done.json) == (0, {"ended": []})
            assert named.is_alive()
        assert all(each.process is None for each in folder.require().validators)

    def test_down__ends_what_the_record_names_and_what_nobody_remembers(
        self, tmp_path: Path
    ) -> None:
        folder = NetworkFolder(tmp_path / "net")
        first, second = RECORD.validators
        for each in RECORD.validators:
            folder.validator(each.name).mkdir(parents=True)
        (folder.path / MARKER).touch()
        with (
            sleeping(folder.validator("a")) as known,
            sleeping(folder.validator("b")) as forgotten,
            sleeping(tmp_path) as foreign,
        ):
            with folder.claimed():
                folder.write(replace(RECORD, validators=(replace(first, process=known), second)))
            assert run("devnet", "down", "--dir", folder.path, "--json").json == {"ended": ["a"]}
            assert not known.is_alive()
            assert not forgotten.is_alive()
            assert foreign.is_alive()

    def test_reset__removes_all_that_was_made(self, tmp_path: Path) -> None:
        folder = NetworkFolder(tmp_path / "net")
        with folder.claimed():
            folder.write(RECORD)
            folder.validator("a").mkdir(parents=True)
        (folder.path / "devnet.json").write_text("damaged")
        assert run("devnet", "reset", "--dir", folder.path).code == 0
        assert [each.name for each in folder.path.iterdir()] == [MARKER]

    @pytest.mark.parametrize("command", ["status", "logs"])
    def test_command__without_a_network__ends_with_2(self, tmp_path: Path, command: str) -> None:
        done = run("devnet", command, "--dir", tmp_path / "net", "--json")
        assert (done.code, done.json["error"]["code"]) == (2, "devnet.none")
        assert not (tmp_path / "net").exists()

    def test_up__without_an_engine__says_in_one_line_what_to_install(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VETA_GETH", str(tmp_path / "none"))
        done = run("devnet", "up", "--network", NETWORK, "--dir", tmp_path / "net")
        assert done.code == 2
        assert len(done.err.strip().splitlines()) == 1
        assert "install Go" in done.err
        assert "[devnet.no_engine]" in done.err
        assert not (tmp_path / "net").exists()

    def test_up__with_a_mistake_in_the_description__makes_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VETA_GETH", str(engine_saying(tmp_path, "Version: 1.13.15-stable")))
        wrong = tmp_path / "network.toml"
        wrong.write_text(NETWORK.read_text().replace("faults = 1", "faults = 2"))
        done = run("devnet", "up", "--network", wrong, "--dir", tmp_path / "net", "--json")
        assert (done.code, done.json["error"]["code"]) == (2, "network.too_few_validators")
        assert not (tmp_path / "net").exists()

    def test_up__of_another_description__changes_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VETA_GETH", str(engine_saying(tmp_path, "Version: 1.13.15-stable")))
        folder = NetworkFolder(tmp_path / "net")
        with folder.claimed():
            folder.write(RECORD)
        done = run("devnet", "up", "--network", NETWORK, "--dir", folder.path, "--json")
        assert (done.code, done.json["error"]["code"]) == (2, "devnet.other_network")
        assert folder.read() == RECORD

    @pytest.mark.parametrize("says", ["Version: 1.14.0-stable", "hello", ""])
    def test_engine__of_another_version__is_refused(self, tmp_path: Path, says: str) -> None:
        with pytest.raises(ConfigError) as refused:
            find_engine(engine_saying(tmp_path, says))
        assert refused.value.code == "devnet.other_engine"

    def test_logs__are_the_last_lines(self, tmp_path: Path) -> None:
        folder = NetworkFolder(tmp_path / "net")
        with folder.claimed():
            folder.write(RECORD)
            folder.log("a").parent.mkdir()
            folder.log("a").write_text("".join(f"line {at}\n" for at in range(1_000)))
        done = run("devnet", "logs", "a", "--lines", "2", "--dir", folder.path, "--json")
        assert done.json == {"logs": {"a": ["line 998", "line 999"]}}
        wrong = run("devnet", "logs", "c", "--dir", folder.path, "--json")
        assert (wrong.code, wrong.json["error"]["code"]) == (2, "devnet.no_validator")

    def test_status__of_what_does_not_run__ends_with_1(self, tmp_path: Path) -> None:
        folder = NetworkFolder(tmp_path / "net")
        with folder.claimed():
            folder.write(RECORD)
        done = run("devnet", "status", "--dir", folder.path, "--json")
        assert done.code == 1
        assert [each["state"] for each in done.json["validators"]] == ["stopped", "stopped"]


class TestBrokenEngine:
    """One validator, one member, and a program in the engine's place that does not do its work."""

    @pytest.fixture
    def described(self, tmp_path: Path) -> Path:
        head, _, rest = NETWORK.read_text().partition("[[validators]]")
        _, member, *_ = rest.split("[[members]]")
        path = tmp_path / "network.toml"
        path.write_text(
            head.replace("faults = 1", "faults = 0")
            + '[[validators]]\nname = "norte"\n\n[[members]]'
            + member
        )
        return path

    def up(self, described: Path, program: Path) -> str:
        done = run(
            "devnet", "up", "--network", described, "--engine", program, "--json",
            "--dir", described.parent / "net",
        )  # fmt: skip
        return f"{done.code} {done.json['error']['code']}"

    def test_up__cut_off_while_keys_were_made__begins_anew(
        self, tmp_path: Path, described: Path
    ) -> None:
        program = behaving(tmp_path, first_block="echo 'Fatal: no'; exit 1", running="exit 1")
        assert self.up(described, program) == "2 devnet.genesis_refused"
        folder = NetworkFolder(tmp_path / "net")
        kept = (folder.home("refineria") / "password").read_text()
        assert folder.read() is None
        assert self.up(described, program) == "2 devnet.genesis_refused"
        assert (folder.home("refineria") / "password").read_text() != kept

    def test_up__engine_that_ends_at_once__says_where_to_look(
        self, tmp_path: Path, described: Path
    ) -> None:
        program = behaving(tmp_path, first_block="exit 0", running="echo 'Fatal: no'; exit 1")
        assert self.up(described, program) == "2 devnet.not_started"
        logs = run("devnet", "logs", "--dir", tmp_path / "net", "--json").json["logs"]
        assert logs["norte"][-1] == "Fatal: no"
        private = [path for path in (tmp_path / "net").rglob("*") if path.name in SECRET]
        assert len(private) == 3
        assert all(path.stat().st_mode & 0o077 == 0 for path in private)

    def test_up__ports_taken_by_somebody_else_each_time__tries_others_thrice(
        self, tmp_path: Path, described: Path
    ) -> None:
        words = "listen tcp 127.0.0.1:1: bind: address already in use"
        program = behaving(tmp_path, first_block="exit 0", running=f"echo '{words}'; exit 1")
        assert self.up(described, program) == "2 devnet.port_taken"
        logs = run("devnet", "logs", "--dir", tmp_path / "net", "--json").json["logs"]
        assert logs["norte"] == [words] * 3


SECRET = {"password", "nodekey"}


def behaving(tmp_path: Path, *, first_block: str, running: str) -> Path:
    """A program that says it is the engine."""
    program = tmp_path / "geth"
    program.write_text(
        "#!/bin/sh\n"
        '[ "$1" = version ] && { echo "Version: 1.13.15-stable"; exit 0; }\n'
        f'case " $* " in *" init "*) {first_block} ;; esac\n{running}\n'
    )
    program.chmod(0o755)
    return program


def engine_saying(tmp_path: Path, words: str) -> Path:
    program = tmp_path / "geth"
    program.write_text(f"#!/bin/sh\necho '{words}'\n")
    program.chmod(0o755)
    return program


def test_record__has_no_secret(tmp_path: Path) -> None:
    folder = NetworkFolder(tmp_path / "net")
    with folder.claimed():
        folder.write(RECORD)
    written = json.loads((folder.path / "devnet.json").read_text())
    assert set(written["validators"][0]) == {
        "name",
        "sealer",
        "public_key",
        "endpoint",
        "process",
    }
