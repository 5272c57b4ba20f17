#include "installer/setup/findings.h"

#include "service/base/json.h"

#include <fmt/format.h>

namespace bursar::setup {
namespace {

std::string_view word_of(Weight weight) {
    switch (weight) {
        case Weight::good:
            return "good";
        case Weight::note:
            return "note";
        case Weight::wrong:
            return "wrong";
    }
    return "";
}

}  // namespace

bool is_any_wrong(const std::vector<Finding>& findings) {
    return std::ranges::any_of(findings, [](const Finding& one) { return one.weight == Weight::wrong; });
}

std::string findings_text(const std::vector<Finding>& findings) {
    std::string out;
    for (const Finding& one : findings)
        out +=
            fmt::format("{:<6}{}: {}\n", one.weight == Weight::good ? "ok" : word_of(one.weight), one.step, one.text);
    return out;
}

std::string findings_json(const std::vector<Finding>& findings) {
    JsonWriter json;
    json.open().field("ok", !is_any_wrong(findings)).key("findings").open_list();
    for (const Finding& one : findings)
        json.open().field("step", one.step).field("result", word_of(one.weight)).field("text", one.text).close();
    json.close_list().close();
    return std::move(json).text() + "\n";
}

}  // namespace bursar::setup
