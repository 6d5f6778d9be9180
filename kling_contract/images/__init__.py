"""What an image field of a request may hold: an http(s) URL, or the raw base64 of a file.

A file is judged by its size, its type and the sides its header claims; no pixel is ever decoded.
"""

from kling_contract.images.fields import ImageInput, describe, encode, sides
from kling_contract.images.header import Header, read_header
from kling_contract.images.rule import ImageRule, judge
from kling_contract.images.texts import decoded, is_url

__all__ = [
    "Header",
    "ImageInput",
    "ImageRule",
    "decoded",
    "describe",
    "encode",
    "is_url",
    "judge",
    "read_header",
    "sides",
]
