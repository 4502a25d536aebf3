import {ProblemsController} from "./entry_form";
import {formView} from "@web/views/form/form_view";
import {registry} from "@web/core/registry";
import {useEffect} from "@odoo/owl";

/**
 * The page of a person. The keyboard begins with the person, not with the bar at the
 * top: otherwise all menus come before the first button.
 */
export class PersonController extends ProblemsController {
    setup() {
        super.setup();
        useEffect(
            () => {
                const sheet = this.rootRef.el.querySelector(".o_form_sheet");
                // A new person has the focus in the first field already.
                if (sheet && document.activeElement === document.body) {
                    sheet.tabIndex = -1;
                    sheet.focus({preventScroll: true});
                }
            },
            () => [this.model.root.resId]
        );
    }
}

registry.category("views").add("spar_person", {...formView, Controller: PersonController});
