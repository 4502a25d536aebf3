"""Operations and reason codes of SPAR's mapper, the same in all its versions."""

LINK = "link"
UPDATE = "update"
UNLINK = "unlink"
RESOLVE = "resolve"
OPERATIONS = (LINK, UPDATE, UNLINK, RESOLVE)

#: "Already linked" after a link, "not linked" after an update: one code for both.
DUPLICATE = "rjct.reference_id.duplicate"
ID_INVALID = "rjct.id.invalid"
NOT_LINKED = "succ.fa.not_linked_to_id"
SIGNATURE_REFUSED = "rjct.jwt.invalid"
INTERNAL_ERROR = "rjct.internal.error"
#: Codes of ours: SPAR left an item out of its answer; it answered about another ID than
#: was resolved; its answer cannot be read.
MISSING = "answer.item.missing"
OTHER_ID = "answer.other_id"
UNREADABLE = "answer.unreadable"
