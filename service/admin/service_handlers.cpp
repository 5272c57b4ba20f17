#include "service/admin/facts_json.h"
#include "service/admin/openapi.h"
#include "service/admin/visit.h"

namespace bursar::admin {

Reply openapi_read(Visit&) { return json_answer(openapi_document()); }

Reply check_list(Visit& visit) {
    JsonWriter json;
    json.open().key("checks").open_list();
    for (const Check& check : visit.plane.hooks.checks())
        json.open()
            .field("name", check.name)
            .field("good", check.good)
            .field("blocks", check.blocks)
            .field("text", check.text)
            .close();
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply metrics_read(Visit& visit) {
    // Prometheus' text format 0.0.4.
    return Answer{
        .status = 200, .body = visit.plane.hooks.metrics(), .content_type = "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace bursar::admin
