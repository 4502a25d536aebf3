"""Words of SPAR's mapper that mean the same in all its versions."""

LINK = "link"
UPDATE = "update"
UNLINK = "unlink"
RESOLVE = "resolve"
OPERATIONS = (LINK, UPDATE, UNLINK, RESOLVE)

#: "already linked" from link, "not linked" from update: the same words for both.
DUPLICATE = "rjct.reference_id.duplicate"
ID_INVALID = "rjct.id.invalid"
NOT_LINKED = "succ.fa.not_linked_to_id"
SIGNATURE_REFUSED = "rjct.jwt.invalid"
INTERNAL_ERROR = "rjct.internal.error"
#: Our words for an item SPAR left out of its answer, and for one that is about another
#: ID than was asked about.
MISSING = "answer.item.missing"
OTHER_ID = "answer.other_id"
UNREADABLE = "answer.unreadable"
