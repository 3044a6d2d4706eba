"""Pack Fashion-MNIST's four original files into assets/data/fashion_mnist, xz instead of gzip.

Debian's package `dataset-fashion-mnist` installs the originals where --source points by default.
"""

import argparse
import gzip
import hashlib
import lzma
from pathlib import Path

from tutorial_utils.data.fashion import FILES, SHIPPED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    source = parser.parse_args().source
    SHIPPED.mkdir(parents=True, exist_ok=True)
    for name, digest in FILES.items():
        raw = gzip.decompress((source / f"{name}.gz").read_bytes())
        if hashlib.sha256(raw).hexdigest() != digest:
            raise SystemExit(f"{source / name}.gz does not hold the original {name}")
        packed = lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME)
        (SHIPPED / f"{name}.xz").write_bytes(packed)
        print(f"{name}: {len(raw):,} -> {len(packed):,} bytes")


if __name__ == "__main__":
    main()
