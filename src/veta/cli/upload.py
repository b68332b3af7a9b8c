"""``veta upload``: lots of a spreadsheet, signed with the supplier's own key; all or none."""

from __future__ import annotations

import secrets
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta import canonical
from veta.cli.console import OK, USAGE, emit, say
from veta.cli.homes import open_home
from veta.cli.issue import FOOTPRINTS, Prepared, preflight, read_octets, require_unmarked
from veta.cli.options import HERE, AsJson, Home, PasswordFile
from veta.cli.rendering import plain
from veta.errors import ProvenanceError
from veta.interop.lot_csv import RowFault, read_rows
from veta.interop.lot_file import read_lot
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Issuance, LotCertificate
from veta.services.certify import LotPapers, certify_lot
from veta.statement.credential import read_credential
from veta.statement.passport import lot_identifier
from veta.statement.rules import check_rules

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

_SIGNED = {
    "en": "{count} lots signed and kept; `veta anchor` puts them under one root on the chain",
    "es": "{count} lotes firmados y guardados; `veta anchor` los ancla bajo una raíz en la cadena",
}
_SOUND = {
    "en": "{count} rows are sound; nothing was signed (--dry-run)",
    "es": "{count} filas están correctas; no se firmó nada (--dry-run)",
}
_REFUSED = {
    "en": "{count} faults; nothing was signed, not even the rows without one",
    "es": "{count} errores; no se firmó nada, tampoco las filas sin errores",
}
_ISSUED = {
    "en": "has a passport already; `veta supersede` replaces it",
    "es": "ya tiene pasaporte; `veta supersede` lo reemplaza",
}
_ROW = {"en": "row", "es": "fila"}


def upload(
    sheet: Annotated[Path, typer.Argument(help="CSV, one lot a row; - reads stdin.")],
    template: Annotated[
        Path, typer.Option(help="A lot file of the supplier (veta-lot/1) that says the rest.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check all rows; sign nothing. Needs no password.")
    ] = False,
    language: Annotated[str, typer.Option(help="Of faults and answers: en or es.")] = "en",
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Sign a spreadsheet's lots with the supplier's own key: all rows, or none.

    A home may stand on somebody else's machine: its keys are the supplier's, in files that only the
    supplier's password opens. Columns: lot_number, produced_from, produced_to (last day), mass_g,
    metal_g, co2e_g; or numero_lote, producido_desde, producido_hasta, masa_g, metal_contenido_g,
    co2e_total_g.

    Example: veta upload lotes.csv --template cobre.lot.json --language es --dry-run
    """
    read = read_rows(read_octets(sheet), read_lot(read_octets(template)), language=language)
    faults = list(read.faults)
    papers: list[tuple[int, LotPapers]] = []
    for row, lot in read.lots:
        try:
            papers.append((row, _papers(lot)))
        except ProvenanceError as error:
            faults.append(RowFault(row, "", error.code, error.message))
    if faults:
        return _refuse(faults, language, as_json=as_json)
    if dry_run:
        emit({"rows": len(papers), "faults": []}, [], as_json=as_json)
        say(_SOUND[language].format(count=len(papers)))
        return OK
    with open_home(home, writes=True, password_file=password_file) as node:
        faults = _issued_already(node, read.lots, language)
        if faults:
            return _refuse(faults, language, as_json=as_json)
        rows = [Prepared(Path(f"{sheet}:{row}"), each.passport, None, "") for row, each in papers]
        preflight(rows, node)
        require_unmarked(rows, node)
        passports = (each.passport for _, each in papers)
        issued = list(node.desk.issuer.issue_many(passports, chunk=len(papers)))
        for _, each in papers:
            _keep_footprint(node.config.home / FOOTPRINTS, each)
    told = [
        {"row": row, "leaf": each.leaf.hex(), "created": each.created}
        for (row, _), each in zip(papers, issued, strict=True)
    ]
    lines = [f"{each['leaf']}  {_ROW[language]} {each['row']}" for each in told]
    emit({"rows": len(papers), "issued": told, "faults": []}, lines, as_json=as_json)
    say(_SIGNED[language].format(count=len(issued)))
    return OK


def _issued_already(
    node: OpenNode, lots: tuple[tuple[int, LotCertificate], ...], language: str
) -> list[RowFault]:
    """A lot is certified once; what is said of it later is said by superseding."""
    return [
        RowFault(row, lot.lot_number, "csv.issued_already", _ISSUED[language])
        for row, lot in lots
        if node.find(lot_identifier(lot.issuer.identifier, lot.lot_number), limit=1)
    ]


def _papers(lot: LotCertificate) -> LotPapers:
    issuance = Issuance(
        credential_id=f"urn:uuid:{uuid.uuid4()}",
        valid_from_s=UnixSeconds(int(time.time())),
        blind=secrets.token_bytes(16),
    )
    papers = certify_lot(lot, issuance, footprint_id=str(uuid.uuid4()))
    check_rules(read_credential(canonical.write(papers.passport)))
    return papers


def _keep_footprint(folder: Path, papers: LotPapers) -> None:
    if papers.footprint is None or papers.footprint_url is None:
        return
    folder.mkdir(exist_ok=True)
    (folder / papers.footprint_url.rsplit("/", 1)[-1]).write_bytes(papers.footprint)


def _refuse(faults: list[RowFault], language: str, *, as_json: bool) -> int:
    rows = [
        {"row": each.row, "column": each.column, "code": each.code, "message": each.words}
        for each in faults
    ]
    document: dict[str, Any] = {"rows": 0, "faults": rows}
    lines = [
        " ".join(
            part
            for part in (
                f"{_ROW[language]} {each.row}" if each.row else "",
                plain(each.column),
                f"{plain(each.words)} [{each.code}]",
            )
            if part
        )
        for each in faults
    ]
    emit(document, lines, as_json=as_json)
    say(_REFUSED[language].format(count=len(faults)))
    return USAGE
