import doctest
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from .. import waits
from ..engine import decide
from ..engine.decide import ENDED, IN_SYNC, WAITING_ID, Facts, next_step
from ..spar.codes import LINK, UNLINK, UPDATE
from ..waits import retry_delay

ids = st.sampled_from(["a", "b"])
values = st.sampled_from(["x", "y"])


@tagged("post_install", "-at_install")
class TestDecide(BaseCase):
    def test_examples(self):
        for module, least in ((decide, 4), (waits, 1)):
            result = doctest.testmod(module)
            self.assertGreater(result.attempted, least)
            self.assertFalse(result.failed)

    @settings(max_examples=500, derandomize=True, deadline=None)
    @given(
        wanted_id=st.none() | ids,
        wanted_value=st.none() | values,
        spar=st.dictionaries(ids, values, max_size=1),
    )
    def test_steps_end_with_exactly_what_is_wanted_at_spar(
        self, wanted_id, wanted_value, spar
    ):
        """From any true knowledge of SPAR, the steps lead there and then stop."""
        for _round in range(4):
            ((linked_id, held),) = spar.items() or [(None, None)]
            step = next_step(Facts(wanted_id, wanted_value, linked_id, held))
            if isinstance(step, str):
                break
            if step.operation == UNLINK:
                del spar[step.spar_id]
            else:
                self.assertEqual(step.operation == UPDATE, step.spar_id in spar)
                self.assertEqual(step.operation == LINK, step.spar_id not in spar)
                spar[step.spar_id] = wanted_value
        wanted = wanted_id and wanted_value
        self.assertEqual(spar, {wanted_id: wanted_value} if wanted else {})
        reached = ENDED if wanted_value is None else IN_SYNC if wanted else WAITING_ID
        self.assertEqual(step, reached)

    def test_waits_grow_up_to_the_cap_and_never_below_what_spar_asked_for(self):
        chance = random.Random(20).random
        for attempts in range(1, 60):
            delay = retry_delay(attempts, 5, 1800, chance=chance)
            self.assertLessEqual(delay, min(1800, 5 * 2 ** (attempts - 1)))
            self.assertGreaterEqual(delay, 1)
        self.assertGreaterEqual(retry_delay(1, 5, 1800, retry_after=90), 90)
        self.assertLessEqual(retry_delay(1, 5, 1800, retry_after=10**9), 1800)
