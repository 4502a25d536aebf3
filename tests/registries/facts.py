"""What ``g2p_spar_openspp`` relies on in OpenSPP 2: one table of facts.

Each is read with SQL, so that it can be held against any database: one with the
stand-in or one with the real code, without that code at hand. Where it stands is a path
in the public repository ``OpenSPP/OpenSPP2``, read in the version of its addon that
:data:`VERSIONS` names.
"""

from dataclasses import dataclass
from typing import ClassVar

from lxml import etree

#: The versions of the addons that the facts were read in.
VERSIONS = {
    "spp_banking": "19.0.2.0.0",
    "spp_registry": "19.0.2.1.4",
    "spp_security": "19.0.2.0.0",
    "spp_vocabulary": "19.0.2.0.0",
}

#: The table row of an external ID.
ROW = "(SELECT res_id FROM ir_model_data WHERE module || '.' || name = '%s')"
FORM = "spp_registry.view_individuals_form"


@dataclass(frozen=True)
class Fact:
    """One fact: what a query returns.

    :param str source: where it stands in the public repository
    """

    source: str

    #: What is found when the fact holds.
    expected: ClassVar = True

    @property
    def addon(self):
        """The name of the addon that the source is in."""
        return self.source.partition("/")[0]

    def found(self, query):
        """Return what a database says.

        :param Callable query: runs SQL with parameters, and returns rows
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Field(Fact):
    """A field of a model; ``target`` is the other model of a relation."""

    model: str
    name: str
    kind: str
    target: str = None

    @property
    def expected(self):
        return [(self.kind, self.target)]

    def found(self, query):
        return query(
            """SELECT ttype, relation FROM ir_model_fields
                WHERE model = %s AND name = %s""",
            [self.model, self.name],
        )


@dataclass(frozen=True)
class Column(Fact):
    """A column that may not be empty."""

    table: str
    name: str

    def found(self, query):
        rows = query(
            """SELECT is_nullable FROM information_schema.columns
                WHERE table_name = %s AND column_name = %s""",
            [self.table, self.name],
        )
        return rows == [("NO",)]


@dataclass(frozen=True)
class Exists(Fact):
    """An external ID."""

    name: str

    def found(self, query):
        return query(f"SELECT {ROW % self.name} IS NOT NULL") == [(True,)]


@dataclass(frozen=True)
class View(Fact):
    """A view that extends another one, with a priority."""

    name: str
    extends: str
    priority: int

    @property
    def expected(self):
        return [("extension", self.priority, True)]

    def found(self, query):
        return query(
            f"""SELECT mode, priority, inherit_id = {ROW % self.extends}
                  FROM ir_ui_view WHERE id = {ROW % self.name}"""
        )


@dataclass(frozen=True)
class Place(Fact):
    """An element in a view's own text."""

    view: str
    xpath: str

    def found(self, query):
        rows = query(
            f"SELECT arch_db ->> 'en_US' FROM ir_ui_view WHERE id = {ROW % self.view}"
        )
        return any(etree.fromstring(arch).xpath(self.xpath) for (arch,) in rows)


@dataclass(frozen=True)
class Opens(Fact):
    """An action opens its form by this view."""

    action: str
    view: str

    @property
    def expected(self):
        return [(True,)]

    def found(self, query):
        return query(
            f"""SELECT view_id = {ROW % self.view} FROM ir_act_window_view
                 WHERE act_window_id = {ROW % self.action} AND view_mode = 'form'"""
        )


@dataclass(frozen=True)
class Implies(Fact):
    """Members of one group are members of another."""

    group: str
    implied: str

    def found(self, query):
        return bool(
            query(
                f"""WITH RECURSIVE of_group(id) AS (
                      SELECT {ROW % self.group}
                       UNION
                      SELECT hid FROM res_groups_implied_rel, of_group WHERE gid = id)
                    SELECT 1 FROM of_group WHERE id = {ROW % self.implied}"""
            )
        )


@dataclass(frozen=True)
class Rights(Fact):
    """What a group may do with records of a model: read, write, create, unlink."""

    model: str
    group: str
    rights: tuple

    @property
    def expected(self):
        return [self.rights]

    def found(self, query):
        return query(
            f"""SELECT bool_or(a.perm_read), bool_or(a.perm_write),
                       bool_or(a.perm_create), bool_or(a.perm_unlink)
                  FROM ir_model_access a JOIN ir_model m ON m.id = a.model_id
                 WHERE m.model = %s AND a.active AND a.group_id = {ROW % self.group}""",
            [self.model],
        )


@dataclass(frozen=True)
class Record(Fact):
    """A record of a model with some value."""

    name: str
    table: str
    column: str
    value: str

    @property
    def expected(self):
        return [(self.value,)]

    def found(self, query):
        return query(
            f"SELECT {self.column} FROM {self.table} WHERE id = {ROW % self.name}"
        )


REGISTRANT = "spp_registry/models/registrant.py"
PERSON = "spp_registry/models/individual.py"
ID_ROW = "spp_registry/models/reg_id.py"
GROUPS = "spp_registry/security/groups.xml"
ADMIN = "spp_security/security/groups_admin.xml"
RIGHTS = "spp_registry/security/ir.model.access.csv"
FORMS = "spp_registry/views/individual_views.xml"
BANKS = "spp_banking/views/{}_view.xml"
VOCABULARY = "spp_vocabulary/models/vocabulary_code.py"
ID_TYPES = "spp_vocabulary/data/vocabulary_id_type.xml"

FACTS = [
    # Registrants are contacts of one company each, and are disabled, not archived.
    Field(REGISTRANT, "res.partner", "is_registrant", "boolean"),
    Field(REGISTRANT, "res.partner", "is_group", "boolean"),
    Field(REGISTRANT, "res.partner", "disabled", "datetime"),
    Field(REGISTRANT, "res.partner", "disabled_by", "many2one", "res.users"),
    Field(REGISTRANT, "res.partner", "disabled_reason", "text"),
    Field(REGISTRANT, "res.partner", "reg_ids", "one2many", "spp.registry.id"),
    Field(
        REGISTRANT, "res.partner", "phone_number_ids", "one2many", "spp.phone.number"
    ),
    Field(REGISTRANT, "res.partner", "company_id", "many2one", "res.company"),
    Column(REGISTRANT, "res_partner", "company_id"),
    Field(PERSON, "res.partner", "family_name", "char"),
    Field(PERSON, "res.partner", "given_name", "char"),
    Field(
        "spp_registry/wizard/disable_registrant.py",
        "spp.disable.registrant.wizard",
        "partner_id",
        "many2one",
        "res.partner",
    ),
    # IDs are rows with a type, of which only live ones count.
    Field(ID_ROW, "spp.registry.id", "partner_id", "many2one", "res.partner"),
    Field(ID_ROW, "spp.registry.id", "id_type_id", "many2one", "spp.vocabulary.code"),
    Field(ID_ROW, "spp.registry.id", "value", "char"),
    Field(ID_ROW, "spp.registry.id", "namespace_uri", "char"),
    Field(ID_ROW, "spp.registry.id", "status", "selection"),
    Field(ID_ROW, "spp.registry.id", "expiry_date", "date"),
    Field(VOCABULARY, "spp.vocabulary.code", "code", "char"),
    Field(VOCABULARY, "spp.vocabulary.code", "display", "char"),
    Field(VOCABULARY, "spp.vocabulary.code", "namespace_uri", "char"),
    *(
        Record(
            ID_TYPES,
            f"spp_vocabulary.code_id_type_{code}",
            "spp_vocabulary_code",
            column,
            value,
        )
        for code in ("national_id", "passport")
        for column, value in (
            ("code", code),
            ("namespace_uri", "urn:openspp:vocab:id-type"),
        )
    ),
    # One form for persons and households, which replaces the sheet of contacts; the
    # registry's lists open it by the view that extends it.
    View(FORMS, FORM, "base.view_partner_form", 100),
    Place(FORMS, FORM, "//xpath[@expr='//sheet'][@position='replace']"),
    Place(FORMS, FORM, "//sheet/div[@name='button_box']"),
    Place(
        FORMS,
        FORM,
        "//notebook[@name='individual_detail'][@invisible='is_group']"
        "/page[@name='identity']",
    ),
    Place(
        FORMS,
        FORM,
        "//notebook[@name='group_detail'][@invisible='not is_group']"
        "/page[@name='group_identity']",
    ),
    Opens(FORMS, "spp_registry.action_individuals_list", FORM),
    Opens(
        "spp_registry/views/group_views.xml", "spp_registry.action_groups_list", FORM
    ),
    Exists("spp_registry/views/main_view.xml", "spp_registry.spp_main_menu_root"),
    # Roles.
    Implies(
        GROUPS,
        "spp_registry.group_registry_officer",
        "spp_registry.group_registry_viewer",
    ),
    Implies(
        GROUPS,
        "spp_registry.group_registry_manager",
        "spp_registry.group_registry_officer",
    ),
    Implies(
        GROUPS, "spp_security.group_spp_admin", "spp_registry.group_registry_manager"
    ),
    Implies(ADMIN, "base.group_system", "spp_security.group_spp_admin"),
    *(
        Rights(RIGHTS, model, f"spp_registry.group_registry_{role}", rights)
        for model in ("res.partner", "spp.registry.id")
        for role, rights in (
            ("viewer", (True, False, False, False)),
            ("officer", (True, True, True, False)),
            ("manager", (True, True, True, True)),
        )
    ),
    # Bank accounts are shown in both notebooks.
    *(
        View(BANKS.format(kind), f"spp_banking.view_{kind}_form_bank_details", FORM, 16)
        for kind in ("individuals", "groups")
    ),
    *(
        Place(
            BANKS.format(kind),
            f"spp_banking.view_{kind}_form_bank_details",
            "//field[@name='bank_ids']",
        )
        for kind in ("individuals", "groups")
    ),
    Rights(
        "spp_banking/security/ir.model.access.csv",
        "res.partner.bank",
        "spp_registry.group_registry_officer",
        (True, True, True, False),
    ),
]
