"""The questions of a form in words, from its definition (an XForm)."""

import re

from lxml import etree

XFORMS = "{http://www.w3.org/2002/xforms}"
#: How a label names its text in the translations.
_ITEXT = re.compile(r"jr:itext\('(.+)'\)")
#: The code of a language at the end of its name, such as in "English (en)".
_CODE = re.compile(r"\(([\w-]+)\)\s*$")
#: Marks of formatting in labels.
_MARKS = re.compile(r"<[^<>]*>|[*#_]{2,}")
#: Longer labels are cut.
LONGEST = 120


def question_labels(definition, language):
    """Return the labels of a form's questions, by their paths in the form.

    :param bytes definition: the XForm
    :param str language: the code of the preferred language; otherwise the form's own
    :return: empty where this is no XForm
    :rtype: dict[str, str]
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(definition, parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    texts = _texts(root, language)
    labels = {}
    for element in root.iter(f"{XFORMS}*"):
        label = element.find(f"{XFORMS}label")
        # Without the name of the whole form.
        path = element.get("ref", "").strip("/").partition("/")[2]
        if path and label is not None:
            words = _words(label, texts)
            if words:
                labels.setdefault(f"/{path}", words)
    return labels


def _texts(root, language):
    """Return the texts of the translation that fits best, by their IDs."""
    found = list(root.iter(f"{XFORMS}translation"))
    if not found:
        return {}
    wanted = (language or "")[:2].lower()

    def rank(translation):
        name = translation.get("lang", "")
        code = _CODE.search(name)
        fits = (code[1] if code else name)[:2].lower() == wanted
        return not fits, translation.get("default") is None

    texts = {}
    for text in min(found, key=rank).iter(f"{XFORMS}text"):
        for value in text.findall(f"{XFORMS}value"):
            # The others name a picture or a sound.
            if value.get("form") in (None, "long"):
                texts.setdefault(text.get("id"), _plain(value))
    return texts


def _words(label, texts):
    named = _ITEXT.fullmatch(label.get("ref", "").strip())
    return texts.get(named[1], "") if named else _plain(label)


def _plain(element):
    """Return the text of an element; an answer that it repeats is an ellipsis."""
    parts = [element.text or ""]
    for child in element:
        parts += ["…", child.tail or ""]
    return " ".join(_MARKS.sub(" ", "".join(parts)).split())[:LONGEST]
