import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {FormController} from "@web/views/form/form_controller";
import {formView} from "@web/views/form/form_view";
import {ListController} from "@web/views/list/list_controller";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {RPCError} from "@web/core/network/rpc";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {Component, useEffect, useState, useSubEnv} from "@odoo/owl";

/** Files are checked on saving: they are not sent twice. */
const FILES = ["proof", "mandate"];
const REFUSALS = [
    "odoo.exceptions.AccessError",
    "odoo.exceptions.UserError",
    "odoo.exceptions.ValidationError",
];

/**
 * A view that says what is wrong within itself, and not in a dialog over a dialog: what
 * the server refuses when a button saves the form, and when it then does its work.
 */
const withProblems = (Controller) =>
    class extends Controller {
        setup() {
            super.setup();
            this.problems = useState({byField: {}});
            const press = this.env.onClickViewButton;
            useSubEnv({
                faProblems: this.problems,
                onClickViewButton: (params) => this.onPressed(params, press),
            });
        }

        /** Odoo asks and presses within the dialog, which would get the refusal. */
        async onPressed(params, press) {
            const {confirm, ...clickParams} = params.clickParams;
            if (!confirm || (await this.isConfirmed(confirm))) {
                return this.showRefusal(() => press({...params, clickParams}));
            }
        }

        isConfirmed(body) {
            return new Promise((resolve) => {
                this.dialogService.add(
                    ConfirmationDialog,
                    {body, confirm: () => resolve(true), cancel: () => resolve(false)},
                    {onClose: () => resolve(false)}
                );
            });
        }

        async showRefusal(press) {
            this.problems.byField = {};
            try {
                return await press();
            } catch (error) {
                if (
                    !(error instanceof RPCError) ||
                    !REFUSALS.includes(error.data?.name)
                ) {
                    throw error;
                }
                this.problems.byField = {"": error.data.message};
            }
        }
    };

export class ProblemsController extends withProblems(FormController) {
    /** What was refused of one record is not said of the next one. */
    async onPagerUpdate(params) {
        this.problems.byField = {};
        return super.onPagerUpdate(params);
    }

    async create() {
        this.problems.byField = {};
        return super.create();
    }
}

export class ProblemsListController extends withProblems(ListController) {
    static template = "g2p_spar_financial_address.ProblemsListView";
}

/** The form in which an address is typed: what is wrong stands at its field, all at once. */
export class EntryController extends ProblemsController {
    async onWillSaveRecord(record, changes) {
        const values = {...changes};
        FILES.forEach((name) => delete values[name]);
        this.problems.byField = await this.orm.call(
            record.resModel,
            "check_typed",
            [record.resId ? [record.resId] : [], values],
            {context: record.context}
        );
        return !Object.keys(this.problems.byField).length;
    }
}

registry
    .category("views")
    .add("fa_problems", {...formView, Controller: ProblemsController})
    .add("fa_problems_list", {...listView, Controller: ProblemsListController})
    .add("fa_entry", {...formView, Controller: EntryController});

/** What is wrong with a field; without a field, what is wrong with the whole. */
export class FieldProblem extends Component {
    static template = "g2p_spar_financial_address.FieldProblem";
    static props = {...standardWidgetProps, field: {type: String, optional: true}};

    setup() {
        this.problems = useState(this.env.faProblems || {byField: {}});
        // What is typed anew is not wrong yet.
        useEffect(
            () => {
                delete this.problems.byField[this.props.field];
            },
            () => [this.props.record.data[this.props.field]]
        );
    }

    get problem() {
        return this.problems.byField[this.props.field || ""];
    }
}

registry.category("view_widgets").add("fa_problem", {
    component: FieldProblem,
    extractProps: ({attrs}) => ({field: attrs.field}),
});
