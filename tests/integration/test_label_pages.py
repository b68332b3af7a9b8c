"""The label page: words, facts, escaping and negotiation, without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from tests.support.api_world import ApiWorld, Client, open_world
from tests.support.certified_lot import REFINERY, STRANGER, cathode_lot
from tests.support.label_world import HOSTILE, LabelledLots, label_lots
from veta.model.anchoring import BatchKind
from veta.model.identifiers import MemberId
from veta.model.lot import Issuance
from veta.ports.store import StatementRecord
from veta.statement.jws import sign_statement, unseal
from veta.statement.records import FacilityRecord, PostalAddress, build_facility
from veta.web.quantities import day, decimal, machine_time, moment
from veta.web.texts import TEXTS, missing_words, texts_for

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Page(HTMLParser):
    """Tags, attributes and visible text of a page."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    with open_world(Path(tmp_path_factory.mktemp("labels"))) as made:
        yield made


@pytest.fixture(scope="module")
def lots(world: ApiWorld) -> LabelledLots:
    return label_lots(world)


@pytest.fixture
def client(world: ApiWorld, lots: LabelledLots) -> Iterator[Client]:
    with world.client() as made:
        yield made
    world.ledger.faults.down = False


def page_of(client: Client, path: str) -> Page:
    return Page(client.get(path, headers=HTML))


def test_label__valid_lot__tells_what_the_clerk_needs(client: Client, lots: LabelledLots) -> None:
    page = page_of(client, f"/lots/{REFINERY.identifier}/BSE-CAT-26-1001")
    for told in (
        "Valid",
        "BSE-CAT-26-1001",
        "Copper cathode",
        "25,000 kg net",
        "Cu 24,997.5 kg",
        "Issuer refineria-bahia-serena.example Calls itself Refineria Bahia Serena",
        REFINERY.identifier,
        "3.031 kg CO₂e per kilogram of product",
        "cradle-to-gate",
        "Declared unit kilogram",
        "75,775 kg CO₂e",
        "GWP100 AR6",
        "62.2567 %",
        "ISO14067",
        "Declared by the issuer",
        "Checked as of",
        "block 10",
        "What this does not prove 8",
        "the metal in the box",
        lots.valid.hex(),
        "veta verify",
    ):
        assert told in page.text, told
    assert page.text.count("passed") >= 7
    assert len([each for each in page.all("li") if each.get("class") == "not-proven"]) == 5
    links = [each.get("href") for each in page.all("a")]
    assert f"/v1/statements/{lots.valid.hex()}/bundle" in links


def test_label__each_face__has_words_shape_and_class_of_its_own(
    world: ApiWorld, client: Client, lots: LabelledLots
) -> None:
    pages = {face: page_of(client, f"/label/{leaf.hex()}") for face, leaf in lots.faces.items()}
    world.ledger.faults.down = True
    pages["INDETERMINATE"] = page_of(client, f"/label/{lots.valid.hex()}")
    world.ledger.faults.down = False
    pages["UNKNOWN"] = page_of(client, "/label/" + "ab" * 32)
    shapes, headings, classes = set(), set(), set()
    for face, page in pages.items():
        (shape,) = [each.get("data-shape") for each in page.all("svg") if each.get("data-shape")]
        assert shape == face
        shapes.add(shape)
        (kind,) = [each.get("class") for each in page.all("body")]
        classes.add(kind)
        headings.add(TEXTS["en"]["unknown" if face == "UNKNOWN" else f"verdict.{face}"])
        assert len(page.all("h1")) == 1
        assert page.all("html")[0]["lang"] == "en"
    assert len(shapes) == len(headings) == len(classes) == 7


def test_label__no_good_verdict__says_that_nothing_is_confirmed(
    world: ApiWorld, client: Client, lots: LabelledLots
) -> None:
    for leaf in (lots.unanchored, lots.revoked, lots.superseded):
        assert "not confirmed" in page_of(client, f"/label/{leaf.hex()}").text
    world.ledger.faults.down = True
    page = page_of(client, f"/label/{lots.valid.hex()}")
    assert "not confirmed" in page.text
    assert "neither a yes nor a no" in page.text
    assert "No block could be read" in page.text


def test_label__revoked__tells_reason_and_step(client: Client, lots: LabelledLots) -> None:
    page = page_of(client, f"/label/{lots.revoked.hex()}")
    for told in ("This statement has been revoked.", "issued in error", "status.revoked"):
        assert told in page.text
    assert "VALID " not in page.text.replace("INVALID ", "")


def test_label__superseded__leads_to_the_newer_and_the_lot_shows_that_one(
    client: Client, lots: LabelledLots
) -> None:
    page = page_of(client, f"/label/{lots.superseded.hex()}")
    assert f"/label/{lots.successor.hex()}" in [each.get("href") for each in page.all("a")]
    lot = page_of(client, f"/lots/{REFINERY.identifier}/BSE-CAT-26-1004")
    assert lots.successor.hex() in lot.text
    assert f"/label/{lots.superseded.hex()}" in [each.get("href") for each in lot.all("a")]


@pytest.mark.row("A58")
def test_label__hostile_names__are_text_and_nothing_else(
    client: Client, lots: LabelledLots
) -> None:
    answer = client.get(f"/label/{lots.hostile.hex()}", headers=HTML)
    page = Page(answer)
    assert HOSTILE.split("alert")[0] not in answer.text
    assert "alert(1)" in page.text
    assert not page.all("script")
    assert not page.all("img")


@pytest.mark.parametrize(
    "path",
    [
        "/lots/%3Cscript%3E/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/lots?subject=%3Cscript%3Ealert(1)%3C/script%3E",
        "/lots?issuer=%22%3E%3Cscript%3E&number=%3Cscript%3E",
        "/label/" + "ab" * 32,
        "/lots/did:web:nobody.example/1",
    ],
)
def test_lot__unknown__404_that_is_no_verdict(client: Client, path: str) -> None:
    answer = client.get(path, headers=HTML)
    page = Page(answer)
    assert answer.status_code == 404
    assert "That is no verdict" in page.text
    assert not page.all("script")
    assert "veta-verdict" not in answer.headers


def test_pages__policy__no_script_no_inline_style_nothing_from_elsewhere(
    client: Client, lots: LabelledLots
) -> None:
    paths = [f"/label/{leaf.hex()}" for leaf in lots.faces.values()]
    for path in [*paths, "/", "/lots/did:web:x.example/1", "/label/zz"]:
        answer = client.get(path, headers=HTML)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        page = Page(answer)
        assert not page.all("script")
        assert not page.all("style")
        for tag, attributes in page.tags:
            assert "style" not in attributes, tag
            assert not any(name.startswith("on") for name in attributes), tag
            for name in ("href", "src", "action"):
                assert (attributes.get(name) or "/").startswith(("/", "#")), attributes


def test_page__all_it_needs__is_under_50_kb(client: Client, lots: LabelledLots) -> None:
    octets = len(client.get(f"/label/{lots.valid.hex()}", headers=HTML).content)
    octets += len(client.get("/static/label.css").content)
    octets += len(client.get("/static/icon.svg").content)
    assert octets < 50_000


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("application/*", "application/json"),
        ("text/html", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("application/json;q=0.1, text/html", "text/html; charset=utf-8"),
        ("image/png", "text/html; charset=utf-8"),
        ("application/json;q=nonsense", "application/json"),
    ],
)
def test_label__content_negotiation__report_or_page(
    client: Client, lots: LabelledLots, accept: str, kind: str
) -> None:
    answer = client.get(f"/label/{lots.valid.hex()}", headers={"Accept": accept})
    assert answer.headers["content-type"] == kind
    assert answer.headers["veta-verdict"] == "VALID"
    if kind == "application/json":
        assert answer.json()["verdict"] == "VALID"


def test_label__host_header_of_a_stranger__is_not_printed(
    client: Client, lots: LabelledLots
) -> None:
    answer = client.get(f"/label/{lots.valid.hex()}", headers={**HTML, "Host": "evil.example"})
    assert "evil.example" not in answer.text


def test_label__public_url__stands_in_the_command(world: ApiWorld, lots: LabelledLots) -> None:
    with world.client(public_url="https://veta.refinery.example/") as client:
        text = client.get(f"/label/{lots.valid.hex()}", headers=HTML).text
    assert "https://veta.refinery.example/v1/statements/" in text


def test_lot__by_form_and_by_subject__same_page(client: Client, lots: LabelledLots) -> None:
    by_form = {"issuer": REFINERY.identifier, "number": " BSE-CAT-26-1001 "}
    subject = {"subject": f"{REFINERY.identifier}:lot:BSE-CAT-26-1001"}
    for params in (by_form, subject):
        answer = client.get("/lots", params=params, headers=HTML)
        assert (answer.status_code, answer.headers["veta-verdict"]) == (200, "VALID")


def test_texts__every_language__has_every_word() -> None:
    for language, texts in TEXTS.items():
        assert not missing_words(texts), language
    assert texts_for("xx-YY, de;q=0.9")[0] == "en"
    assert texts_for(None)[0] == "en"


@pytest.mark.parametrize(
    ("value", "places", "keep", "text"),
    [
        (25_000_000, 3, 0, "25,000"),
        (24_997_500, 3, 0, "24,997.5"),
        (3_031, 3, 3, "3.031"),
        (3_000, 3, 3, "3.000"),
        (1, 3, 0, "0.001"),
        (0, 3, 0, "0"),
        (622_567, 4, 0, "62.2567"),
        (-1_500, 3, 0, "-1.5"),
        (2**53 - 1, 3, 0, "9,007,199,254,740.991"),
    ],
)
def test_quantities__base_units__exact(value: int, places: int, keep: int, text: str) -> None:
    assert decimal(value, places, keep=keep) == text


def test_quantities__moments__in_utc_and_bounded() -> None:
    assert moment(1_790_000_000) == "21 September 2026, 14:13 UTC"  # date -u -d @1790000000
    assert day(0) == "1 January 1970"
    assert machine_time(1_790_000_000) == "2026-09-21T14:13:20Z"
    assert moment(2**64 - 1).startswith("31 December 9999")
    assert re.fullmatch(r"\d{4}-.*Z", machine_time(-5))


def test_lot__newer_statement_that_is_not_anchored__does_not_hide_the_anchored_one(
    tmp_path: Path,
) -> None:
    with open_world(tmp_path) as world:
        anchored = world.anchored(1)
        world.clock.wall_s += 60
        newer = world.issue(1, name="newer")
        with world.client() as client:
            page = page_of(client, f"/lots/{REFINERY.identifier}/BSE-CAT-26-1")
    assert f"/v1/statements/{anchored.hex()}/bundle" in [a.get("href") for a in page.all("a")]
    assert f"/label/{newer.hex()}" in [each.get("href") for each in page.all("a")]
    assert "issued, not anchored" in page.text


def test_lot__statement_of_somebody_else_about_it__is_not_shown(tmp_path: Path) -> None:
    with open_world(tmp_path) as world:
        credential = world.credential(1)
        credential["issuer"]["id"] = "did:web:somebody-else.example"
        sealed = unseal(sign_statement(credential, STRANGER))
        foreign = StatementRecord(
            leaf=sealed.leaf,
            issuer=MemberId(9),
            kind=BatchKind.PASSPORT,
            credential_id=credential["id"],
            subject=credential["credentialSubject"]["id"],
            payload=sealed.payload,
            token=sealed.token,
            created_s=world.clock.now_s(),
        )
        with world.store.write() as work:
            work.add_statements([foreign])
        with world.client() as client:
            answer = client.get(f"/lots/{REFINERY.identifier}/BSE-CAT-26-1", headers=HTML)
            assert answer.status_code == 404
            own = page_of(client, f"/label/{sealed.leaf.hex()}")
    assert "Not valid" in own.text
    assert "did:web:somebody-else.example is not a member" in own.text


def test_label__document_that_is_no_lot__speaks_of_a_document(tmp_path: Path) -> None:
    with open_world(tmp_path) as world:
        now_s = world.ledger.head().time_s
        when = Issuance("urn:veta:statement:site-1", now_s, bytes(16), None)
        lot = cathode_lot()
        address = PostalAddress("Camino al Puerto 1", "1240000", "Antofagasta", "Antofagasta")
        record = FacilityRecord(REFINERY, lot.site, address, (lot.category,))
        leaf = world.node.desk.issuer.issue(build_facility(record, when)).leaf
        world.settle()
        with world.client() as client:
            page = page_of(client, f"/label/{leaf.hex()}")
    assert "The document" in page.text
    assert "Lot number" not in page.text
    assert "Carbon footprint" not in page.text
    assert "no end stated" in page.text
