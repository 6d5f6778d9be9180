"""What may be shown of an exchange: no secret, no image, nothing endless.

names        what the names of headers, parameters and fields say
texts        URLs, and texts in which something looks like a key
credentials  which secrets an exchange has, by the places where they stand
hiding       known secrets, found in every form
discretion   what is told of a body: what the document knows
bodies       what a server keeps and shows of one
"""

from kling_contract.redaction.bodies import SMALL, Fit, body, kept, kept_of, outline, secrets_of
from kling_contract.redaction.credentials import (
    longest_first,
    of_body,
    of_headers,
    of_query,
    of_text,
    of_unknown_headers,
    of_url,
    secrets,
)
from kling_contract.redaction.discretion import Discretion
from kling_contract.redaction.hiding import Hidden
from kling_contract.redaction.known import fields_of, items_of, request_of, words_of
from kling_contract.redaction.marks import MARK, blank
from kling_contract.redaction.names import is_harmless, is_secret, is_word
from kling_contract.redaction.shown import header, headers, without
from kling_contract.redaction.texts import address, hook, looks_like_key, path, prose, query, url, urls, visible

__all__ = [
    "MARK",
    "SMALL",
    "Discretion",
    "Fit",
    "Hidden",
    "address",
    "blank",
    "body",
    "fields_of",
    "header",
    "headers",
    "hook",
    "is_harmless",
    "is_secret",
    "is_word",
    "items_of",
    "kept",
    "kept_of",
    "longest_first",
    "looks_like_key",
    "of_body",
    "of_headers",
    "of_query",
    "of_text",
    "of_unknown_headers",
    "of_url",
    "outline",
    "path",
    "prose",
    "query",
    "request_of",
    "secrets",
    "secrets_of",
    "url",
    "urls",
    "visible",
    "without",
    "words_of",
]
