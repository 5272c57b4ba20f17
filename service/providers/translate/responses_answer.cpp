#include "service/providers/translate/dialects.h"
#include "service/providers/translate/responses_items.h"
#include "service/providers/translate/responses_names.h"
#include "service/providers/translate/responses_proof.h"

#include <algorithm>

// OpenAI's response (API reference and the types of its npm client 7.57, November 2026).
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

std::vector<Item> items_of(const Reply& reply, std::string_view call_id) {
    std::vector<Item> items;
    for (const Part& part : reply.parts) {
        const std::size_t index = items.size();
        // Texts that follow each other are one message, which may be JSON only as a whole.
        if (part.kind == Kind::text && !items.empty() && items.back().kind == Kind::text) {
            items.back().text += part.text;
            continue;
        }
        Item& item = items.emplace_back(make_item(part.kind, call_id, index));
        item.sealed = sealed(part);
        if (part.kind != Kind::redacted_thinking) item.text = part.text;
        if (part.kind != Kind::tool_call) continue;
        name_call(item, part.id, part.name, call_id, index);
        item.text = part.arguments.empty() ? std::string_view("{}") : part.arguments;
        if (takes_text(item)) item.text = text_in_arguments(part.arguments);
    }
    if (!reply.refusal.empty()) {
        items.push_back(make_item(Kind::refusal, call_id, items.size()));
        items.back().text = reply.refusal;
    }
    return items;
}

}  // namespace

std::string write_responses_answer(const Reply& reply, const Shown& shown) {
    std::string output;
    for (const Item& item : items_of(reply, shown.id)) {
        JsonWriter json(item.text.size() + item.sealed.size() + 512);
        write_item(json, item, Progress::done);
        output.append(output.empty() ? "" : ",").append(json.text());
    }
    ResponseEnd end = end_of_response(reply.stop, reply.spent);
    end.priority = reply.priority;
    // A model that says no has said all that it wanted to.
    const auto says_no = [](const Part& part) { return part.kind == Kind::refusal; };
    if (std::ranges::any_of(reply.parts, says_no))
        end = {.status = "completed", .incomplete = {}, .priority = reply.priority, .spent = reply.spent};
    JsonWriter json(output.size() + 1024);
    write_response(json, ResponseHead(shown), end, output);
    return std::move(json).text();
}

}  // namespace bursar::providers::translate
