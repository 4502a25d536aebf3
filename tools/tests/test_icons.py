"""Each addon has an icon of its own, the one that the script draws."""

from PIL import Image

from tools import icons, settings


def test_each_addon_has_its_icon():
    assert sorted(icons.ICONS) == settings.addons()
    seen = set()
    for addon in settings.addons():
        path = settings.ROOT / addon / "static" / "description" / "icon.png"
        icon = Image.open(path).convert("RGBA")
        assert icon.size == (icons.SIZE, icons.SIZE)
        assert icon.tobytes() == icons.drawn(addon).tobytes()
        seen.add(icon.tobytes())
    assert len(seen) == len(icons.ICONS)
