"""Make `jupyter_mlsec/core/rarity_table.py` from the words and names of notebooks.

    python bench/train_rarity.py FOLDER > jupyter_mlsec/core/rarity_table.py

FOLDER holds notebooks (`*.ipynb`, at any depth). Words that stand in a single notebook don't
count (so no stray key does), nor do long runs without a sign (keys, hashes, encoded data).
"""

from __future__ import annotations

import json
import math
import re
import sys
import zlib
from binascii import b2a_base64
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from jupyter_mlsec.core.rarity import LEAST_BITS, LEVEL_BITS, LEVELS, SHAPE_UNITS, classes

WORD = re.compile(r"[A-Za-z0-9_\-./]{4,40}")
DATA = re.compile(r"[A-Za-z0-9+/=]{48,}|[A-Za-z0-9]{24,}")
MOST = 8  # a word counts at most so often: otherwise the commonest hundred make the table
SMOOTHING = 0.2
UNSEEN_BITS = 6.5  # of a letter after two that never stood together


def words(folder: Path) -> Iterator[str]:
    """The words of all cells, each once for every notebook that has it."""
    for path in sorted(folder.rglob("*.ipynb")):
        notebook = json.loads(path.read_bytes())
        found: set[str] = set()
        for cell in notebook.get("cells", []):
            found.update(WORD.findall(DATA.sub(" ", "".join(cell["source"]))))
        yield from found


def table(counts: Counter[str]) -> bytes:
    """64 costs of shapes, then 27 x 27 x 26 levels of letters, a byte each."""
    shapes: Counter[bytes] = Counter()
    letters: Counter[bytes] = Counter()
    for word, count in counts.items():
        if count < 2:
            continue
        by_letter, by_shape = classes(word)
        for end in range(3, len(by_shape) + 1):
            shapes[by_shape[end - 3 : end]] += min(count, MOST)
            if by_letter[end - 1]:
                letters[by_letter[end - 3 : end]] += min(count, MOST)
    out = bytearray()
    for a, b in product(range(4), repeat=2):
        total = sum(shapes[bytes((a, b, c))] for c in range(4))
        for c in range(4):
            bits = -math.log2((shapes[bytes((a, b, c))] + 1) / (total + 4))
            out.append(min(255, round(bits * SHAPE_UNITS)))
    for a, b in product(range(27), repeat=2):
        total = sum(letters[bytes((a, b, c))] for c in range(1, 27))
        for c in range(1, 27):
            chance = (letters[bytes((a, b, c))] + SMOOTHING) / (total + 26 * SMOOTHING)
            bits = -math.log2(chance) if total else UNSEEN_BITS
            out.append(max(0, min(LEVELS - 1, round((bits - LEAST_BITS) / LEVEL_BITS))))
    return bytes(out)


def main() -> None:
    packed = zlib.compress(table(Counter(words(Path(sys.argv[1])))), 9)
    text = b2a_base64(packed, newline=False).decode()
    print('"""The model of `core.rarity`, made by `bench/train_rarity.py`: do not edit."""\n')
    print("TABLE = (")
    for start in range(0, len(text), 90):
        print(f'    "{text[start : start + 90]}"')
    print(")")


if __name__ == "__main__":
    main()
