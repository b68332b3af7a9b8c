"""Exit codes and the last resort of the command line."""

from __future__ import annotations

import pytest
import typer

from veta import errors
from veta.cli import main as program
from veta.cli.console import EXIT_OF_VERDICT, exit_code_of, table
from veta.errors import ProvenanceError
from veta.verify.verdict import Verdict


def test_exit_code__of_each_verdict__only_good_ones_are_0() -> None:
    assert {verdict for verdict, code in EXIT_OF_VERDICT.items() if code == 0} == {
        verdict for verdict in Verdict if verdict.good
    }
    assert set(EXIT_OF_VERDICT) == set(Verdict)
    assert EXIT_OF_VERDICT[Verdict.INDETERMINATE] == 3


def test_exit_code__of_each_error__never_0_and_could_not_ask_is_3() -> None:
    families = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, ProvenanceError)
    ]
    assert len(families) > 10
    for family in families:
        arguments = {"transaction_id": b""} if family is errors.OutcomeUnknownError else {}
        code = exit_code_of(family("x.y", "z", **arguments))
        wanted = 2
        if issubclass(family, errors.VerificationError | errors.TransactionRevertedError):
            wanted = 1
        elif issubclass(family, errors.LedgerError | errors.StoreError):
            wanted = 3
        assert code == wanted, family


@pytest.mark.row("T65", "T75")
def test_main__fault_of_our_own__one_line_without_its_words_and_3(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def faulty() -> int:
        raise ZeroDivisionError("password=hunter2")

    program.app.command("faulty-for-a-test")(faulty)
    try:
        assert program.main(["faulty-for-a-test"]) == 3
    finally:
        program.app.registered_commands.pop()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "ZeroDivisionError" in shown.err
    assert "hunter2" not in shown.err


def test_main__stopped_or_interrupted__is_no_0(capsys: pytest.CaptureFixture[str]) -> None:
    def aborting() -> int:
        raise typer.Abort

    def interrupted() -> int:
        raise KeyboardInterrupt

    for stopping, code in ((aborting, 2), (interrupted, 130)):
        program.app.command("stopping-for-a-test")(stopping)
        try:
            assert program.main(["stopping-for-a-test"]) == code
        finally:
            program.app.registered_commands.pop()
    assert "Traceback" not in capsys.readouterr().err


def test_table__rows__are_aligned_without_trailing_spaces() -> None:
    assert table([("a", "bb"), ("ccc", "d")]) == ["a    bb", "ccc  d"]
    assert table([]) == []
