"""The server's half of one masked sum (docs/SECURE-AGGREGATION.md, complete graph), without network and clock.

It adds packed words modulo 2^w, hands sealed messages from one worker to another, and at the end takes off the masks whose seeds the
workers opened. Nothing that it does can show it more than the workers let it: they check keys, cohort, thresholds and survivors
themselves. What it checks is for the sum to be right, and to name who spoiled an attempt.
"""

import hashlib
import secrets
import struct
from collections.abc import Generator

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PRIME = 2**256 - 189
"""Of the field in which secrets are shared."""
MOST_CLIENTS = 200
"""Beyond these the workers expect a sparse graph, which is not here."""

LABEL = b"tacit secure aggregation 1: "
BOX, SIGNATURE, SHARE, KEYS = 80, 64, 32, 160
ANNOUNCEMENT, ADVERTISEMENT, KEY_LIST, SHARES, DELIVERY, INPUT, SURVIVORS, AGREEMENT, AGREEMENTS, UNMASKING = range(1, 11)


class SumFailed(Exception):
    """The attempt opens nothing; another one may."""


class MaskedSum:
    """One attempt among workers whose keys (P-256) and names are given, with values of so many bits.

    `context` is the workers' digest of what they were asked: those who were asked other things refuse the others' keys.
    """

    def __init__(self, keys: dict[str, ec.EllipticCurvePublicKey], values: int, bits: int, minimum: int, context: bytes) -> None:
        self.names = sorted(keys, key=str.encode)
        self.keys = [keys[name] for name in self.names]
        self.count, self.values = len(self.names), values
        self.threshold = 2 * self.count // 3 + 1
        self.fewest = max(self.threshold, minimum)
        if not 2 <= self.count <= MOST_CLIENTS or self.count < minimum:
            raise SumFailed(f"{self.count} workers cannot make a sum; it takes {max(2, minimum)} to {MOST_CLIENTS}")
        self.width = (self.count * (2**bits - 1)).bit_length()
        self.words = np.dtype("<u4" if self.width <= 32 else "<u8")
        self.attempt = secrets.token_bytes(16)
        plan = labelled("plan") + struct.pack("<4IBI", self.count, values, bits, minimum, 0, self.threshold)
        self.announcement = self.head(ANNOUNCEMENT) + sha256(plan + context) + struct.pack("<I", self.count)
        for name in self.names:
            self.announcement += bytes([len(name.encode())]) + name.encode()
        self.refusals: dict[str, str] = {}
        """Whose replies did not count, and why."""

    def run(self) -> Generator[dict[str, bytes], dict[str, bytes], tuple[np.ndarray, list[str]]]:
        """Yields the messages of a stage by name, is sent the replies that came, and returns the sums and whose values are in them."""
        said = sha256(self.announcement)
        replies = yield self.to(range(self.count), self.announcement)
        keys = self.take(ADVERTISEMENT, range(self.count), replies, KEYS, lambda place, body: self.check(
            place, body[96:], labelled("advertisement") + said + struct.pack("<I", place) + body[:96]))
        present = sorted(keys)
        leaves = b"".join(sha256(labelled("leaf") + struct.pack("<I", place) + keys[place][:96]) for place in present)
        digest = sha256(LABEL + b"keys" + said + self.bits(present) + leaves)
        key_list = self.head(KEY_LIST) + self.bits(present) + b"".join(keys[place] for place in present)

        replies = yield self.to(present, key_list)
        boxes = self.take(SHARES, present, replies, BOX * (len(present) - 1))
        sharers = sorted(boxes)

        replies = yield {self.names[place]: self.delivery(place, present, boxes) for place in sharers}
        rows = self.take(INPUT, sharers, replies, (self.values * self.width + 7) // 8)
        survivors = sorted(rows)
        total = np.zeros(self.values, self.words)
        for row in rows.values():
            total += self.unpack(row)

        replies = yield self.to(survivors, self.head(SURVIVORS) + self.bits(survivors))
        text = labelled("survivors") + said + digest + self.bits(survivors)
        signatures = self.take(
            AGREEMENT, survivors, replies, SIGNATURE, lambda place, body: self.check(place, body, text))
        signers = sorted(signatures)[:self.threshold]
        agreements = self.head(AGREEMENTS) + self.bits(signers) + b"".join(signatures[place] for place in signers)

        replies = yield self.to(sorted(signatures), agreements)
        opened = self.take(UNMASKING, sorted(signatures), replies, SHARE * len(sharers), self.check_shares)
        self.unmask(total, keys, sharers, survivors, opened)
        total &= self.words.type(2**self.width - 1)
        return total, [self.names[place] for place in survivors]

    def take(self, kind, asked, replies, length, check=None) -> dict[int, bytes]:
        """What follows the heads of good replies, by place; a bad one counts as none."""
        taken = {}
        for place in asked:
            name = self.names[place]
            if name not in replies:
                continue
            reply = replies[name]
            if reply[:18] != self.head(kind) or len(reply) != 18 + length:
                self.refusals[name] = f"its reply is no message {kind} of this attempt"
            elif reason := check and check(place, reply[18:]):
                self.refusals[name] = reason
            else:
                taken[place] = reply[18:]
        if len(taken) < self.fewest:
            raise SumFailed(f"{len(taken)} workers are left where {self.fewest} are needed, so nothing is opened")
        return taken

    def check(self, place, signature, text) -> str | None:
        halves = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        try:
            self.keys[place].verify(encode_dss_signature(*halves), text, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return "it did not sign with its key"
        return None

    def check_shares(self, _, body) -> str | None:
        inside = all(number(body[start:start + SHARE]) < PRIME for start in range(0, len(body), SHARE))
        return None if inside else "a share is no element of the field"

    def delivery(self, receiver, present, boxes) -> bytes:
        """The boxes that the others made for one; a sender's boxes are in the order of those who are present, without itself."""
        senders = [place for place in sorted(boxes) if place != receiver]
        message = self.head(DELIVERY) + self.bits(senders)
        for sender in senders:
            start = BOX * [place for place in present if place != sender].index(receiver)
            message += boxes[sender][start:start + BOX]
        return message

    def unmask(self, total, keys, sharers, survivors, opened) -> None:
        """Takes off the survivors' own masks, and what survivors added for those who dropped out."""
        givers = sorted(opened)[:self.threshold]
        weights = lagrange([place + 1 for place in givers])
        for index, place in enumerate(sharers):
            shares = [number(opened[giver][SHARE * index:SHARE * (index + 1)]) for giver in givers]
            secret = (sum(w * share for w, share in zip(weights, shares)) % PRIME).to_bytes(32, "little")
            if place in survivors:
                if sha256(LABEL + b"seed" + self.attempt + secret) != keys[place][64:96]:
                    raise SumFailed(f"the shares of the secret of {self.names[place]} do not fit together")
                total -= self.stream(secret, b"own mask")
                continue
            own = X25519PrivateKey.from_private_bytes(secret)
            public = own.public_key().public_bytes_raw()
            if public != keys[place][:32]:
                raise SumFailed(f"the shares of the secret of {self.names[place]} do not fit together")
            for survivor in survivors:
                other = keys[survivor][:32]
                try:
                    shared = own.exchange(X25519PublicKey.from_public_bytes(other))
                except ValueError as reason:
                    raise SumFailed(f"the key of {self.names[survivor]} makes no secret") from reason
                mask = self.stream(shared, b"pair mask" + b"".join(sorted([public, other])))
                # Who comes earlier added the mask of a pair, who comes later subtracted it.
                if survivor < place:
                    total -= mask
                else:
                    total += mask

    def stream(self, secret, purpose) -> np.ndarray:
        """A mask: AES-128 in counter mode under a key that HKDF-SHA256 derives."""
        key = HKDF(hashes.SHA256(), 16, salt=self.attempt, info=LABEL + purpose).derive(secret)
        zeros = bytes(self.values * self.words.itemsize)
        return np.frombuffer(Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(zeros), self.words)

    def unpack(self, row) -> np.ndarray:
        """Words of w bits without gaps, the lowest bit first."""
        powers = np.left_shift(np.uint64(1), np.arange(self.width, dtype=np.uint64))
        parts, piece = [], 8192
        for start in range(0, self.values, piece):
            some = min(piece, self.values - start)
            packed = np.frombuffer(row[start * self.width // 8:], np.uint8, (some * self.width + 7) // 8)
            bits = np.unpackbits(packed, bitorder="little")[:some * self.width].reshape(some, self.width)
            parts.append((bits.astype(np.uint64) * powers).sum(axis=1, dtype=np.uint64))
        return np.concatenate(parts).astype(self.words)

    def head(self, kind) -> bytes:
        return bytes([1, kind]) + self.attempt

    def bits(self, places) -> bytes:
        return sum(1 << place for place in places).to_bytes((self.count + 7) // 8, "little")

    def to(self, places, message) -> dict[str, bytes]:
        return {self.names[place]: message for place in places}


def lagrange(places) -> list[int]:
    """What shares at distinct places are multiplied with, to add up to the secret at 0."""
    weights = []
    for own in places:
        above = below = 1
        for other in places:
            if other != own:
                above, below = above * other % PRIME, below * (other - own) % PRIME
        weights.append(above * pow(below, -1, PRIME) % PRIME)
    return weights


def labelled(what: str) -> bytes:
    text = LABEL + what.encode()
    return bytes([len(text)]) + text


def sha256(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def number(text: bytes) -> int:
    return int.from_bytes(text, "little")
