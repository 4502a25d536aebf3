import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

import {MaskedNumber} from "./masked_number_field";

const BETWEEN = " · ";

/**
 * What was beside what it becomes, in two columns, with the differences marked by
 * words and by colour.
 */
export class OldBesideNew extends Component {
    static template = "g2p_spar_financial_address.OldBesideNew";
    static components = {MaskedNumber};
    static props = {
        cells: Array,
        people: {type: Number, optional: true},
        note: {type: String, optional: true},
    };

    get isFirst() {
        return this.props.cells.every((cell) => !cell.was);
    }

    markOf(cell) {
        if (!cell.changed || this.isFirst) {
            return cell.note;
        }
        return cell.note || (cell.was ? _t("changed") : _t("new"));
    }

    get touched() {
        const {people} = this.props;
        if (!people) {
            return "";
        }
        return people === 1 ? _t("Touches 1 person.") : _t("Touches %s people.", people);
    }
}

/** The comparison that the server has made: of an address, or of what is proposed. */
export class OldBesideNewField extends Component {
    static template = "g2p_spar_financial_address.OldBesideNewField";
    static components = {OldBesideNew};
    static props = {...standardFieldProps, onlyChanges: {type: Boolean, optional: true}};

    get comparison() {
        return this.props.record.data[this.props.name] || {cells: []};
    }

    get people() {
        const {people} = this.comparison;
        return this.props.onlyChanges && people === 1 ? 0 : people;
    }

    /** All cells, or in little room what changes, and what only looks the same. */
    get cells() {
        const {cells} = this.comparison;
        if (!this.props.onlyChanges) {
            return cells;
        }
        const isFirst = cells.every((cell) => !cell.was);
        return isFirst ? [] : cells.filter((cell) => cell.changed || cell.note);
    }
}

registry.category("fields").add("fa_old_beside_new", {
    component: OldBesideNewField,
    supportedTypes: ["json", "jsonb"],
    extractProps: ({options}) => ({onlyChanges: options.only_changes}),
});

/** An address in one line, in which the parts are marked that another one has not. */
export class MarkedParts extends Component {
    static template = "g2p_spar_financial_address.MarkedParts";
    static props = {
        text: String,
        was: {type: String, optional: true},
        note: {type: String, optional: true},
    };

    get parts() {
        const {text, was} = this.props;
        const before = (was || "").split(BETWEEN);
        return text.split(BETWEEN).map((part, index) => ({
            index,
            part,
            changed: Boolean(was) && !before.includes(part),
        }));
    }
}

/** The same as a field of a list, beside the field with what was. */
export class MarkedPartsField extends Component {
    static template = "g2p_spar_financial_address.MarkedPartsField";
    static components = {MarkedParts};
    static props = {
        ...standardFieldProps,
        was: {type: String, optional: true},
        note: {type: String, optional: true},
    };

    textOf(name) {
        const value = this.props.record.data[name];
        return value?.display_name || value || "";
    }

    get text() {
        return this.textOf(this.props.name);
    }

    get was() {
        return this.textOf(this.props.was);
    }

    get note() {
        return this.textOf(this.props.note);
    }
}

registry.category("fields").add("fa_marked_parts", {
    component: MarkedPartsField,
    supportedTypes: ["char", "many2one"],
    extractProps: ({options}) => ({
        was: options.was,
        note: options.note,
    }),
});
