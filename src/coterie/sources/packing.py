"""The bytes of a file, whether it is plain, gzip, or a zip of one file.

Everything that reads a file's bytes comes through here, in blocks, so that no file is held whole; what the operating
system or a damaged archive says is turned into a ``SourceError`` here. Files are opened for reading only.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from coterie.errors import FormatError, SourceError, nearest, shown

BLOCK_BYTES = 8 * 2**20
_GZIP = b"\x1f\x8b"
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class FileAt:
    """One file of a source.

    Args:
        path: where it is.
        name: how messages and the column ``_file`` call it; holds no secret.
    """

    path: Path
    name: str

    @property
    def packing(self) -> str:
        """'zip', 'gzip' or 'plain', by its name."""
        return {".zip": "zip", ".gz": "gzip"}.get(self.path.suffix.lower(), "plain")


@contextmanager
def opened(file: FileAt) -> Iterator[IO[bytes]]:
    """Open the unpacked bytes of a file.

    Raises:
        SourceError: it is missing or not readable.
        FormatError: it is not the archive that its name says, it is damaged, or a zip holds no file or several.
    """
    try:
        with file.path.open("rb") as raw:
            if file.packing == "zip":
                with _only_member(raw, file) as member:
                    yield member
            elif file.packing == "gzip":
                yield _unzipped(raw, file)
            else:
                yield raw
    except NotImplementedError as error:  # how ``zipfile`` says that it lacks a method of compression
        raise FormatError(
            f"{shown(file.name)} is packed in a way that is not read here ({error}); unpack it"
        ) from error
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        raise FormatError(
            f"{shown(file.name)} is a damaged {file.packing} file ({error}); copy or download it again"
        ) from error
    except FileNotFoundError as error:
        raise missing(file.path, file.name) from error
    except PermissionError as error:
        raise SourceError(f"{shown(file.name)} may not be read; give yourself the right with: chmod u+r") from error
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"{shown(file.name)} cannot be read: {error.strerror or error}") from error


def missing(path: Path, name: str) -> SourceError:
    """Give the error for a file that is not there, with the nearest name of its kind in its folder."""
    if not path.parent.is_dir():
        return SourceError(f"there is no file {shown(name)}: its folder does not exist; check 'source'")
    try:
        neighbours = [entry.name for entry in path.parent.iterdir() if entry.suffix == path.suffix]
    except OSError:
        neighbours = []
    place = "" if "${" in name else f" in {shown(path.parent)}"  # what is filled in may be a secret
    said = f"there is no file {shown(name)}{place}"
    if not neighbours:
        other = f", nor another '{path.suffix}' file" if path.suffix else ""
        return SourceError(f"{said}{other}; check 'source'")
    return SourceError(f"{said}{nearest(path.name, neighbours)}")


def blocks(file: FileAt, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Give the unpacked bytes in blocks of ``size`` bytes, the last one shorter."""
    with opened(file) as stream:
        while block := stream.read(size):
            yield block


def first_bytes(file: FileAt, n_bytes: int) -> bytes:
    """Give the first bytes of the unpacked file, all of them if it is shorter."""
    with opened(file) as stream:
        return stream.read(n_bytes)


def unpacked_name(file: FileAt) -> str:
    """Give the name without its packing; for a zip whose name says nothing, the name of what is in it."""
    if file.packing == "plain":
        return file.path.name
    if file.packing == "gzip" or PurePosixPath(file.path.stem).suffix:
        return file.path.stem
    with opened(file) as stream:
        return PurePosixPath(str(getattr(stream, "name", file.path.stem))).name


def hasher() -> hashlib.blake2b:
    """Give the empty state that every fingerprint starts from."""
    return hashlib.blake2b(digest_size=_DIGEST_BYTES)


def digest(blocks_of_file: Iterable[bytes]) -> str:
    """Give the fingerprint of bytes."""
    state = hasher()
    for block in blocks_of_file:
        state.update(block)
    return state.hexdigest()


def joint_digest(parts: Iterable[tuple[str, str]]) -> str:
    """Give the fingerprint of many files from (name, fingerprint) pairs in any order."""
    return digest(f"{name}\0{part}\n".encode() for name, part in sorted(parts))


def _unzipped(raw: IO[bytes], file: FileAt) -> IO[bytes]:
    head = raw.read(len(_GZIP))
    if head and head != _GZIP:
        raise FormatError(f"{shown(file.name)} is not gzip, though its name ends in .gz; rename it or pack it again")
    raw.seek(0)
    return io.BufferedReader(gzip.GzipFile(fileobj=raw))  # type: ignore[arg-type, unused-ignore]


@contextmanager
def _only_member(raw: IO[bytes], file: FileAt) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(raw) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if not members:
            raise FormatError(f"{shown(file.name)} is a zip with no file in it; expected exactly one")
        if len(members) > 1:
            first = ", ".join(shown(member.filename) for member in members[:3])
            raise FormatError(
                f"{shown(file.name)} is a zip of {len(members)} files ({first} ...), expected exactly one; "
                "unpack it and name the file in 'source'"
            )
        if members[0].flag_bits & 0x1:
            raise FormatError(f"{shown(file.name)} is a zip with a password; unpack it and name the file in 'source'")
        with archive.open(members[0]) as member:
            yield member
