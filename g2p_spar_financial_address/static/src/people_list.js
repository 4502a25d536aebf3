import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {ListRenderer} from "@web/views/list/list_renderer";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {_t} from "@web/core/l10n/translation";

/** The sentence for a search that finds no person; empty without a search. */
function nobodyFound(env) {
    const facets = env.searchModel.facets.filter((facet) => facet.type === "field");
    const sought = facets.flatMap((facet) => facet.values).join(" ");
    return sought && _t("Nobody found for “%s”.", sought);
}

/** An empty result says for whom it was searched. */
export class PeopleListRenderer extends ListRenderer {
    static template = "g2p_spar_financial_address.PeopleList";

    get nobodyFound() {
        return nobodyFound(this.env);
    }
}

export class PeopleKanbanRenderer extends KanbanRenderer {
    static template = "g2p_spar_financial_address.PeopleKanban";

    get nobodyFound() {
        return nobodyFound(this.env);
    }
}

registry
    .category("views")
    .add("spar_people_list", {...listView, Renderer: PeopleListRenderer})
    .add("spar_people_kanban", {...kanbanView, Renderer: PeopleKanbanRenderer});
