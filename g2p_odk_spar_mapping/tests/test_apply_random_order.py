"""Whatever happens to submissions in whatever order, the registry ends as a model says.

The same at the level of a pull, with a Central, is in the tests of pulling.
"""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from .apply_common import ApplyCase

PEOPLE = ("R-0", "R-1")
NAMES = ("a", "b", "c", "d")
#: The number of an answer; the first is one no wallet has.
NUMBERS = ("12", "0754 500 001", "0754 500 002", "0754 500 003")

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["submit", "submit", "edit", "reject", "approve", "delete", "restore"]
            + ["stage", "apply", "apply", "rerun", "ignore"]
        ),
        st.sampled_from(NAMES),
        st.sampled_from([0, 0, 1, 2, 3]),
        # Whether it is seen at once.
        st.booleans(),
    ),
    min_size=6,
    max_size=30,
)


class World:
    """Central, as a dictionary: what a submission says, and whether it is there."""

    def __init__(self):
        self.rows, self.seen, self.clock = {}, {}, 0

    def tick(self):
        self.clock += 1
        return self.clock


@tagged("post_install", "-at_install")
class TestApplyInRandomOrder(ApplyCase):
    """Each of four submissions is about one of two registrants, for good."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {text: cls.new_registrant("Asha Juma", text) for text in PEOPLE}

    def person_of(self, name):
        return PEOPLE[NAMES.index(name) % len(PEOPLE)]

    @settings(
        max_examples=40,
        deadline=None,
        phases=[Phase.generate],
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def test_the_registry_ends_equal_to_the_model(self, steps):
        with self.env.cr.savepoint() as savepoint:
            world = World()
            for what, name, number, seen in steps:
                getattr(self, f"do_{what}")(world, name, number)
                if seen:
                    self.do_stage(world, name, number)
            self.settle(world)
            self.compare(world)
            savepoint.rollback()
        self.env.invalidate_all()

    # === WHAT HAPPENS === #

    def do_submit(self, world, name, number):
        if name not in world.rows:
            world.rows[name] = {
                "minute": world.tick(),
                "edited": None,
                "review": None,
                "number": number,
                "there": True,
            }

    def do_edit(self, world, name, number):
        if world.rows.get(name, {}).get("there"):
            world.rows[name].update(number=number, edited=world.tick(), review="edited")

    def do_reject(self, world, name, _number):
        if world.rows.get(name, {}).get("there"):
            world.rows[name].update(edited=world.tick(), review="rejected")

    def do_approve(self, world, name, _number):
        if world.rows.get(name, {}).get("there"):
            world.rows[name].update(edited=world.tick(), review="approved")

    def do_delete(self, world, name, _number):
        if name in world.rows:
            world.rows[name]["there"] = False

    def do_restore(self, world, name, _number):
        if name in world.rows:
            world.rows[name]["there"] = True

    def do_stage(self, world, name, _number):
        """One submission is looked at; others are not yet."""
        row = world.rows.get(name)
        # As Central tells it: only what has happened since the last look.
        if row and world.seen.get(name) == row:
            return
        world.seen[name] = dict(row or {})
        if row and row["there"]:
            self.stage(
                name,
                self.answers(self.person_of(name), NUMBERS[row["number"]]),
                minute=row["minute"],
                edited=row["edited"],
                review=row["review"],
            )
        elif row:
            self.delete_at_central(name)

    def do_apply(self, world, _name, _number):
        before = self.applied(world)
        self.apply()
        self.assertNothingDoubled()
        for name in self.applied(world) - before:
            self.assertNobodyOvertaken(world, name)

    def applied(self, world):
        """Return the versions that are applied."""
        mine = [self.submission(name) for name in world.rows]
        return {
            (one.instance_id, one.version) for one in mine if one.state == "applied"
        }

    def assertNobodyOvertaken(self, world, applied):
        """Nothing earlier of the same registrant waits for a person."""
        name, _version = applied
        for other, row in world.rows.items():
            earlier = row["minute"] < world.rows[name]["minute"]
            if earlier and self.person_of(other) == self.person_of(name):
                state = self.submission(other).state
                self.assertNotIn(state, ("set_aside", "staged"), (other, name))

    def do_rerun(self, _world, name, _number):
        one = self.submission(name)
        if one.state in ("set_aside", "staged"):
            one.with_user(self.editor).action_rerun()

    def do_ignore(self, _world, name, _number):
        """A person gives up what cannot be paid; an edit lets it count again."""
        one = self.submission(name)
        if one.state == "set_aside":
            one.with_user(self.editor).action_ignore("A double")

    def settle(self, world):
        for _time in range(2):
            for name in sorted(world.rows):
                self.do_stage(world, name, 0)
            self.do_apply(world, None, 0)

    # === WHAT MUST BE SO === #

    def assertNothingDoubled(self):
        for person in self.people.values():
            self.assertLessEqual(len(self.in_use(person)), 1)

    def compare(self, world):
        self.assertNothingDoubled()
        for text, person in self.people.items():
            mine = sorted(
                (row["minute"], name)
                for name, row in world.rows.items()
                if self.person_of(name) == text
            )
            self.compare_states(world, mine)
            self.compare_address(world, person, mine)

    def compare_states(self, world, mine):
        """Nothing lost: each submission is where what it says puts it."""
        blocked = False
        for _minute, name in mine:
            row, one = world.rows[name], self.submission(name)
            with_reason = (name, row, one.error_kind)
            if not row["there"]:
                self.assertIn(one.state, ("removed", False), with_reason)
            elif row["review"] == "rejected":
                self.assertEqual(one.state, "ignored", with_reason)
            elif one.state == "ignored":
                self.assertEqual((one.error_kind, row["number"]), ("decided", 0))
            elif row["number"] == 0:
                held = blocked and one.state == "waiting"
                self.assertTrue(held or one.state == "set_aside", with_reason)
                blocked = True
            elif one.state == "waiting":
                self.assertTrue(blocked, with_reason)
            else:
                self.assertEqual(one.state, "applied", with_reason)
                self.assertEqual(one.applied_version, one.version)

    def compare_address(self, world, person, mine):
        """The last of those that ever counted says where the registrant is paid."""
        ever = [name for _minute, name in mine if self.submission(name).applied_version]
        in_use = self.in_use(person)
        self.assertEqual(bool(in_use), bool(ever))
        if ever and self.submission(ever[-1]).state == "applied":
            number = NUMBERS[world.rows[ever[-1]]["number"]].replace(" ", "")
            self.assertEqual(in_use.mobile_number, f"+255{number[1:]}")
        # As many addresses as there were different wishes, never more.
        wishes = len(self.addresses(person).mapped("odk_version"))
        versions = {
            (a.odk_instance, a.odk_version, a.mobile_number)
            for a in self.addresses(person)
        }
        self.assertEqual(wishes, len(versions))
