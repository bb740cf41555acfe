#!/usr/bin/env python3
"""Verifies published attestations without any code of this project: Python's standard library and openssl.

    verify.py 'ssh-ed25519 AAAA...' ATTESTATION.json...

Exit status 0: the key signed each payload. 1: some it did not, or a file is not what it must be. 2: a file or openssl is missing.

It answers one question only, whether these are the bytes that this key signed. It does not judge what they say, and
leaves it to you to have the right key.
"""

import base64
import hashlib
import json
import re
import struct
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Refused(Exception):
    pass


# RFC 8785: the canonical form of a JSON value.

ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def text(value):
    return '"' + "".join(ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in value) + '"'


def number(value):
    """As ECMAScript prints a number (RFC 8785 section 3.2.2.3)."""
    if value == 0:
        return "0"
    if isinstance(value, int) or value.is_integer():
        if abs(value) > 2**53 - 1:
            raise Refused(f"{value} is too large")
        return str(int(value))
    # repr() gives the fewest digits that name this double, as ECMAScript does; only the layout differs.
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    point, digits = len(digits) + exponent, "".join(map(str, digits))
    minus = "-" if sign else ""
    if 0 < point < len(digits):
        return f"{minus}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    # Not an integer, so the exponent is negative.
    return f"{minus}{digits[0]}{'.' + digits[1:] if digits[1:] else ''}e{point - 1}"


def canonical(value):
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return text(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    # By UTF-16 code units, which is not the order of code points.
    members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
    return "{" + ",".join(f"{text(name)}:{canonical(inner)}" for name, inner in members) + "}"


# JSON that can be read in one way only.


def once(members):
    if len({name for name, _ in members}) != len(members):
        raise Refused("a member stands twice")
    return dict(members)


def spelled(read):
    """A number that is not spelled canonically could be another number to another reader."""

    def checked(spelling):
        value = read(spelling)
        if number(value) != spelling:
            raise Refused(f"{spelling} is not the canonical spelling of a number")
        return value

    return checked


def no_constant(name):
    raise Refused(f"{name} is not JSON")


def parse(data):
    return json.loads(
        data.decode("utf-8"), object_pairs_hook=once, parse_int=spelled(int), parse_float=spelled(float), parse_constant=no_constant
    )


# The key: RFC 8709 (OpenSSH's blob) and RFC 8410 (openssl's).


def public_key(line):
    """The 32 bytes, and the fingerprint that ssh-keygen prints."""
    kind, blob = line.split()[:2]
    wire = base64.b64decode(blob, validate=True)
    head = struct.pack(">I", 11) + b"ssh-ed25519" + struct.pack(">I", 32)
    if kind != "ssh-ed25519" or len(wire) != len(head) + 32 or not wire.startswith(head):
        raise Refused("the key is not of the form 'ssh-ed25519 AAAA...'")
    fingerprint = base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")
    return wire[len(head) :], f"SHA256:{fingerprint}"


def pem(key):
    der = bytes.fromhex("302a300506032b6570032100") + key
    return f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n".encode()


def openssl_verifies(key, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        files = {"key.pem": pem(key), "message": message, "signature": signature}
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        command = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in message -sigfile signature"
        return subprocess.run(command.split(), cwd=folder, capture_output=True).returncode == 0


def verify(data, line):
    key, keyid = public_key(line)
    document = parse(data)
    if not isinstance(document, dict) or set(document) != {"payload", "payloadType", "signatures"}:
        raise Refused("the file does not have exactly payload, payloadType and signatures")
    if document["payloadType"] != PAYLOAD_TYPE or not isinstance(document["payload"], dict):
        raise Refused("the payload is of another kind")
    signatures = [one["sig"] for one in document["signatures"] if set(one) == {"keyid", "sig"} and one["keyid"] == keyid]
    if len(signatures) != 1 or not re.fullmatch(r"[A-Za-z0-9+/]{86}==", signatures[0]):
        raise Refused(f"the file does not have one signature by {keyid}")
    payload = canonical(document["payload"]).encode("utf-8")
    # DSSE's pre-authentication encoding.
    message = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} ".encode() + payload
    if not openssl_verifies(key, message, base64.b64decode(signatures[0])):
        raise Refused(f"these are not the bytes that {keyid} signed")
    return keyid


def main():
    line, *paths = sys.argv[1:]
    refused = False
    for path in paths:
        try:
            print(f"{path}: ok: signed by {verify(Path(path).read_bytes(), line)}")
        except FileNotFoundError as error:
            print(error, file=sys.stderr)
            return 2
        except (Refused, ValueError, KeyError, TypeError, RecursionError) as error:
            print(f"{path}: refused: {error!r}")
            refused = True
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
