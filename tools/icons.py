"""Draws the addons' icons: ``python -m tools.icons`` in Odoo's environment.

Each is a plain shape in white and yellow on a square of its own colour. The shapes are
drawn on a grid of 128 x 128, larger than needed, and made smaller, which smooths them.
"""

from PIL import Image, ImageDraw

from . import settings

SIZE = 128
LARGER = 8
WHITE = "#ffffff"
YELLOW = "#f5c242"


class Pen:
    """Draws on one icon, with the numbers of the grid.

    :param str colour: of the square.
    :param str pale: a lighter tint of it.
    """

    def __init__(self, colour, pale):
        self.colour, self.pale = colour, pale
        side = SIZE * LARGER
        self.image = Image.new("RGBA", (side, side))
        self._draw = ImageDraw.Draw(self.image)
        self.box(0, 0, 128, 128, colour, 28)

    def box(self, left, top, right, bottom, colour=WHITE, radius=0):
        """Draw a rectangle with round corners."""
        place = [left, top, right - 1 / LARGER, bottom - 1 / LARGER]
        place = [round(number * LARGER) for number in place]
        self._draw.rounded_rectangle(place, radius * LARGER, colour)

    def disc(self, x, y, radius, colour=WHITE):
        """Draw a disc."""
        self.box(x - radius, y - radius, x + radius, y + radius, colour, radius)

    def shape(self, *points, colour=WHITE):
        """Draw a polygon."""
        self._draw.polygon([(x * LARGER, y * LARGER) for x, y in points], colour)

    def line(self, *points, colour=WHITE, width=6):
        """Draw a line with round ends and corners."""
        places = [(x * LARGER, y * LARGER) for x, y in points]
        self._draw.line(places, colour, width * LARGER)
        for x, y in points:
            self.disc(x, y, width / 2, colour)

    def finished(self, size=SIZE):
        """Return the icon in a size."""
        return self.image.resize((size, size), Image.Resampling.LANCZOS)


def wallet(pen):
    """A wallet: where a person is paid."""
    pen.box(24, 38, 104, 98, WHITE, 10)
    pen.box(24, 38, 104, 53, pen.pale, 10)
    pen.box(24, 46, 104, 53, pen.pale)
    pen.box(76, 60, 110, 80, pen.colour, 10)
    pen.box(79, 62, 110, 78, YELLOW, 8)
    pen.disc(88, 70, 4, pen.colour)


def two_lists(pen):
    """Two lists, and an arrow from the registry's to SPAR's."""
    for left, colour in [(20, WHITE), (70, pen.pale)]:
        pen.box(left, 34, left + 38, 94, colour, 9)
        for y in (48, 64, 80):
            pen.line((left + 10, y), (left + 28, y), colour=pen.colour, width=5)
    pen.shape((50, 58), (64, 58), (64, 48), (82, 64), (64, 80), (64, 70), (50, 70))
    pen.shape(
        (52, 59),
        (66, 59),
        (66, 51),
        (80, 64),
        (66, 77),
        (66, 69),
        (52, 69),
        colour=YELLOW,
    )


def chart(pen):
    """Bars above a line, and a tick: how things stand."""
    for left, top, colour in [(26, 66, pen.pale), (48, 50, WHITE), (70, 34, WHITE)]:
        pen.box(left, top, left + 16, 92, colour, 4)
    pen.line((24, 101), (104, 101), width=6)
    pen.disc(92, 76, 20, pen.colour)
    pen.disc(92, 76, 16, YELLOW)
    pen.line((84, 77), (90, 83), (100, 70), colour=pen.colour, width=5)


def phone(pen):
    """A phone that shows a person: an agent far from the office."""
    pen.box(36, 18, 92, 110, WHITE, 11)
    pen.box(42, 28, 86, 94, pen.pale, 4)
    pen.disc(64, 102, 4, pen.colour)
    pen.disc(64, 50, 11, YELLOW)
    pen.box(46, 65, 82, 101, YELLOW, 18)
    pen.box(42, 88, 86, 94, pen.pale, 0)
    pen.box(40, 94, 88, 108, WHITE, 6)
    pen.disc(64, 102, 4, pen.colour)


def braces(pen):
    """Curly brackets with a key between them: an interface for trusted callers."""
    for x, way in [(46, -1), (82, 1)]:
        tip = x + way * 22
        pen.line((x, 30), (x + way * 7, 31), (x + way * 11, 36), width=7)
        pen.line((x + way * 11, 36), (x + way * 11, 56), (tip, 64), width=7)
        pen.line((tip, 64), (x + way * 11, 72), (x + way * 11, 92), width=7)
        pen.line((x + way * 11, 92), (x + way * 7, 97), (x, 98), width=7)
    pen.disc(64, 52, 11, YELLOW)
    pen.disc(64, 52, 4, pen.colour)
    pen.box(61, 60, 67, 84, YELLOW, 3)
    pen.box(64, 70, 72, 75, YELLOW, 2)
    pen.box(64, 78, 72, 83, YELLOW, 2)


def clipboard(pen):
    """A form on a clipboard: answers collected offline."""
    pen.box(30, 26, 98, 108, WHITE, 9)
    pen.box(48, 18, 80, 36, pen.pale, 6)
    pen.disc(64, 24, 3, pen.colour)
    for y in (50, 70, 90):
        pen.line((58, y), (84, y), colour=pen.colour, width=5)
    for y in (50, 70):
        pen.line((39, y), (43, y + 4), (49, y - 5), colour=YELLOW, width=5)
    pen.disc(44, 90, 5, pen.pale)


def register(pen):
    """An open book of people, one of them with a coin."""
    pen.box(20, 30, 62, 98, WHITE, 8)
    pen.box(66, 30, 108, 98, pen.pale, 8)
    for y in (46, 64, 82):
        pen.disc(32, y, 5, pen.colour)
        pen.line((42, y), (54, y), colour=pen.colour, width=5)
    pen.disc(87, 64, 15, YELLOW)
    pen.box(85, 55, 89, 73, pen.colour, 2)


def conveyor(pen, mark=WHITE):
    """Boxes on a belt: jobs one after another."""
    for left, colour in [(24, pen.pale), (54, WHITE), (84, YELLOW)]:
        pen.box(left, 44, left + 22, 68, colour, 4)
    pen.line((22, 80), (106, 80), width=6)
    for x in (34, 64, 94):
        pen.disc(x, 92, 7, mark)


def conveyor_of_people(pen):
    """The same belt on yellow wheels."""
    conveyor(pen, YELLOW)


ICONS = {
    "g2p_odk_spar_mapping": (clipboard, "#2f6f9f", "#cfe3f1"),
    "g2p_spar_admin_ui": (chart, "#47525e", "#c9d2db"),
    "g2p_spar_job_worker": (conveyor_of_people, "#3b6e57", "#cfe6da"),
    "g2p_spar_queue_job": (conveyor, "#5a5f94", "#d9dbf0"),
    "g2p_spar_financial_address": (wallet, "#1f7a68", "#d3ece6"),
    "g2p_spar_openg2p": (register, "#8a5a1c", "#f0e0c4"),
    "g2p_spar_openspp": (register, "#2c5d8f", "#cddff0"),
    "g2p_spar_portal": (phone, "#b5532f", "#f6ddd2"),
    "g2p_spar_self_service_api": (braces, "#6a3d7c", "#e4d6ea"),
    "g2p_spar_sync_queue": (two_lists, "#3f4e8f", "#dde1f7"),
}
"""Of each addon: what is drawn, the colour, and its tint."""


#: Sizes of the icon with which the portal is an app on phones.
APP_SIZES = (192, 512)


def drawn(addon, size=SIZE):
    """Return the icon of an addon.

    :param str addon: its technical name.
    :param int size: in pixels.
    """
    draw, colour, pale = ICONS[addon]
    pen = Pen(colour, pale)
    draw(pen)
    return pen.finished(size)


def main():
    """Write all icons."""
    for addon in ICONS:
        path = settings.ROOT / addon / "static" / "description" / "icon.png"
        drawn(addon).save(path, optimize=True)
    portal = "g2p_spar_portal"
    for size in APP_SIZES:
        path = settings.ROOT / portal / "static" / "src" / f"app-{size}.png"
        drawn(portal, size).save(path, optimize=True)


if __name__ == "__main__":
    main()
