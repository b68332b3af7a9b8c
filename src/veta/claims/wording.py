"""The sentences of the grammar: one for each chain-of-custody model and language, and no other.

ISO 22095 3.3: what goods may be called follows from how they were kept. Only controlled blending
knows what goods contain. Mass balance says that as much came to a site, and book and claim that
production was supported: neither has a word for content, in no language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from veta.claims.languages import Language
from veta.model.lots import CustodyModel

IP, SG = CustodyModel.IDENTITY_PRESERVED, CustodyModel.SEGREGATED
CB, MB = CustodyModel.CONTROLLED_BLENDING, CustodyModel.MASS_BALANCE
BC = CustodyModel.BOOK_AND_CLAIM

SENTENCES: Final[Mapping[Language, Mapping[CustodyModel, str]]] = {
    Language.ENGLISH: {
        IP: "Identity preserved: {all} certified {metal} from {sites}, {marks}.",
        SG: "Segregated: {all} certified {metal} from {sites}, {marks}.",
        CB: "Controlled blending: contains {share} certified {metal}, {marks}.",
        MB: "Mass balance: for {share} of the {metal} in this lot, an equal amount of certified "
        "{metal} entered {place}, {marks}.",
        BC: "Book and claim: supports certified production, {marks}.",
    },
    Language.SPANISH: {
        IP: "Identidad preservada: {all} {metal} certificado de {sites}, {marks}.",
        SG: "Segregado: {all} {metal} certificado de {sites}, {marks}.",
        CB: "Mezcla controlada: contiene {share} de {metal} certificado, {marks}.",
        MB: "Balance de masa: por el {share} del {metal} de este lote, una cantidad igual de "
        "{metal} certificado entró en {place}, {marks}.",
        BC: "Reserva y reclamo: apoya la producción certificada, {marks}.",
    },
    Language.GERMAN: {
        IP: "Identitätsgesichert: {all} zertifiziertes {metal} aus {sites}, {marks}.",
        SG: "Getrennt geführt: {all} zertifiziertes {metal} aus {sites}, {marks}.",
        CB: "Kontrollierte Mischung: enthält {share} zertifiziertes {metal}, {marks}.",
        MB: "Massenbilanz: Für {share} des Metalls in diesem Los kam ebenso viel zertifiziertes "
        "{metal} zu {place}, {marks}.",
        BC: "Buchen und beanspruchen: unterstützt zertifizierte Erzeugung, {marks}.",
    },
}

VALIDITY: Final[Mapping[Language, str]] = {
    Language.ENGLISH: "Label licence valid from {first} to {last}.",
    Language.SPANISH: "Licencia de la etiqueta válida del {first} al {last}.",
    Language.GERMAN: "Lizenz des Labels gültig vom {first} bis {last}.",
}

METALS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.ENGLISH: {
        "": "metal",
        "Au": "gold",
        "Co": "cobalt",
        "Cu": "copper",
        "Li": "lithium",
        "Mo": "molybdenum",
        "Ni": "nickel",
        "Zn": "zinc",
    },
    Language.SPANISH: {
        "": "metal",
        "Au": "oro",
        "Co": "cobalto",
        "Cu": "cobre",
        "Li": "litio",
        "Mo": "molibdeno",
        "Ni": "níquel",
        "Zn": "zinc",
    },
    Language.GERMAN: {
        "": "Metall",
        "Au": "Gold",
        "Co": "Kobalt",
        "Cu": "Kupfer",
        "Li": "Lithium",
        "Mo": "Molybdän",
        "Ni": "Nickel",
        "Zn": "Zink",
    },
}
"""A substance's name by its symbol; the empty symbol is any other metal."""

CONTENT_WORDS: Final = frozenset(
    {
        *("contains", "contain", "containing", "content", "consists", "comprises", "contiene"),
        *("contienen", "contener", "contenido", "compuesto", "enthält", "enthalten"),
        *("enthaltend", "enthaelt", "inhalt", "besteht"),
    }
)
"""Words that say what goods contain: in a sentence of these models they may not stand."""
WITHOUT_CONTENT: Final = frozenset({MB, BC})
