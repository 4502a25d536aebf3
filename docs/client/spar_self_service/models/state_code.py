from enum import Enum


class StateCode(str, Enum):
    CHECKING = "checking"
    DIFFERS = "differs"
    ENDED = "ended"
    HELD = "held"
    INCOMPLETE = "incomplete"
    IN_SYNC = "in_sync"
    NO_ADDRESS = "no_address"
    ON_ITS_WAY = "on_its_way"
    PAUSED = "paused"
    RETRYING = "retrying"
    TO_APPROVE = "to_approve"
    WAITING_ID = "waiting_id"

    def __str__(self) -> str:
        return str(self.value)
