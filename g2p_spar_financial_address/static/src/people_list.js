import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {ListRenderer} from "@web/views/list/list_renderer";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";

/** What is searched for, if anything is. */
function soughtIn(env) {
    const facets = env.searchModel.facets.filter((facet) => facet.type === "field");
    return facets.flatMap((facet) => facet.values).join(" ");
}

/** An empty result says for whom it was searched. */
export class PeopleListRenderer extends ListRenderer {
    static template = "g2p_spar_financial_address.PeopleList";

    get sought() {
        return soughtIn(this.env);
    }
}

export class PeopleKanbanRenderer extends KanbanRenderer {
    static template = "g2p_spar_financial_address.PeopleKanban";

    get sought() {
        return soughtIn(this.env);
    }
}

registry
    .category("views")
    .add("spar_people_list", {...listView, Renderer: PeopleListRenderer})
    .add("spar_people_kanban", {...kanbanView, Renderer: PeopleKanbanRenderer});
