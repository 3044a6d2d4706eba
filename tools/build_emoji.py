"""Build assets/data/emoji and its contact sheet from four npm packages, the same to the pixel each time.

Needs `npm` on the path (it fetches the pinned packages) and the `dev` extra (the pinned rasteriser).
"""

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SIZE = 64
COLUMNS = 40
PACKAGES = {  # style -> (npm package, version)
    "noto": ("@iconify-json/noto", "1.2.9"),
    "twemoji": ("@iconify-json/twemoji", "1.2.5"),
    "fluent": ("@iconify-json/fluent-emoji-flat", "1.2.6"),
    "openmoji": ("@iconify-json/openmoji", "1.2.29"),
}
SHOWN = [  # rows of the contact sheet
    "red-apple", "cat-face", "rocket", "grinning-face", "snowman", "guitar", "house-with-garden",
    "octopus", "sunflower", "umbrella", "bicycle", "crown",
]  # fmt: skip


def fetch_icons(package: str, version: str, folder: Path) -> dict:
    """Download one package with npm and return its icons.json. npm verifies the archive's digest."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not on the path: install Node.js")
    command = [npm, "pack", "--silent", "--pack-destination", str(folder), f"{package}@{version}"]
    packed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        return json.load(archive.extractfile("package/icons.json"))


def rasterise(icons: dict, name: str) -> np.ndarray:
    """Draw one icon on a white square: uint8 (SIZE, SIZE, 3). A non-square icon keeps its shape, centred."""
    icon = icons["icons"][name]
    left, top = icon.get("left", 0), icon.get("top", 0)
    width, height = icon.get("width", icons["width"]), icon.get("height", icons["height"])
    side = max(width, height)
    view_box = f"{left - (side - width) / 2} {top - (side - height) / 2} {side} {side}"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{SIZE}" height="{SIZE}" viewBox="{view_box}">{icon["body"]}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, background="white", width=SIZE, height=SIZE)
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGB"))


def twins(names: list[str], drawn: dict[str, np.ndarray]) -> list[list[str]]:
    """Groups of names that are linked by a shared picture in some style, in the order of the names."""
    group = {name: {name} for name in names}
    for images in drawn.values():
        first: dict[bytes, str] = {}
        for name, image in zip(names, images, strict=True):
            together = group[first.setdefault(image.tobytes(), name)] | group[name]
            group |= dict.fromkeys(together, together)
    return [sorted(members) for name, members in group.items() if len(members) > 1 and name == min(members)]


def sheet(images: np.ndarray, columns: int) -> Image.Image:
    """Lay (N, H, W, 3) images out row by row; the empty places at the end are white."""
    rows = -(-len(images) // columns)
    canvas = np.full((rows * columns, SIZE, SIZE, 3), 255, np.uint8)
    canvas[: len(images)] = images
    grid = canvas.reshape(rows, columns, SIZE, SIZE, 3).swapaxes(1, 2)
    return Image.fromarray(grid.reshape(rows * SIZE, columns * SIZE, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "assets")
    assets = parser.parse_args().output
    with tempfile.TemporaryDirectory() as folder:
        sets = {style: fetch_icons(*where, Path(folder)) for style, where in PACKAGES.items()}
    names = sorted(set.intersection(*(set(icons["icons"]) for icons in sets.values())))
    names = [name for name in names if "skin-tone" not in name]
    target = assets / "data" / "emoji"
    target.mkdir(parents=True, exist_ok=True)
    digests = {"names": hashlib.sha256("\n".join(names).encode()).hexdigest()}
    drawn = {}
    for style, icons in sets.items():
        print(f"drawing {len(names)} emoji in the style {style}")
        drawn[style] = np.stack([rasterise(icons, name) for name in names])
        digests[style] = hashlib.sha256(drawn[style]).hexdigest()
        sheet(drawn[style], COLUMNS).save(target / f"{style}.webp", lossless=True, method=6, quality=100)
    (target / "names.txt").write_text("\n".join(names) + "\n", encoding="utf-8", newline="\n")
    groups = "\n".join(" ".join(group) for group in twins(names, drawn))
    digests["twins"] = hashlib.sha256(groups.encode()).hexdigest()
    (target / "twins.txt").write_text(groups + "\n", encoding="utf-8", newline="\n")
    rows = [names.index(name) for name in SHOWN]
    contact = np.concatenate([drawn[style][rows] for style in PACKAGES])
    (assets / "figures").mkdir(parents=True, exist_ok=True)
    sheet(contact, len(rows)).save(assets / "figures" / "emoji_contact_sheet.png", optimize=True)
    print(f"{len(names)} names. SHA256 in tutorial_utils/data/emoji_grid.py is to read:")
    print(json.dumps(digests, indent=4))


if __name__ == "__main__":
    main()
