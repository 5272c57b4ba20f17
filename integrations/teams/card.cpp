#include "integrations/teams/card.h"

#include "integrations/address.h"
#include "service/base/json.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include <fmt/format.h>

namespace bursar::integrations::teams {
namespace {

constexpr std::size_t line_units_max = 1000, title_units_max = 500, actions_max = 5, actions_bytes_max = 6000;

struct Run {
    std::string text;
    std::string_view look = "";  ///< further members of the run, as JSON
};

/// One paragraph.
std::string paragraph(std::initializer_list<Run> runs, std::string_view spacing = "small") {
    JsonWriter json;
    json.open().field("type", "RichTextBlock").field("spacing", spacing).key("inlines").open_list();
    for (const Run& each : runs) {
        JsonWriter run;
        run.open().field("type", "TextRun").field("text", each.text).close();
        std::string text = std::move(run).text();
        if (!each.look.empty()) text.insert(text.size() - 1, fmt::format(",{}", each.look));
        json.raw(text);
    }
    json.close_list().close();
    return std::move(json).text();
}

std::string_view colour_of(const Message& message) {
    if (message.state == State::resolved) return R"("weight":"bolder","size":"medium","color":"good")";
    switch (message.severity) {
        case Severity::info:
            return R"("weight":"bolder","size":"medium")";
        case Severity::warning:
            return R"("weight":"bolder","size":"medium","color":"warning")";
        case Severity::critical:
            return R"("weight":"bolder","size":"medium","color":"attention")";
    }
    return "";
}

std::string actions(const Message& message) {
    std::string out;
    std::size_t count = 0;
    for (const Link& each : message.links) {
        if (!is_askable(each.url) || each.text.empty()) continue;
        JsonWriter json;
        json.open()
            .field("type", "Action.OpenUrl")
            .field("title", cut(one_line(each.text), 100))
            .field("url", each.url)
            .close();
        if (count == actions_max || out.size() + json.text().size() > actions_bytes_max) break;
        out += (count++ == 0 ? "" : ",") + json.text();
    }
    return out;
}

std::string around(std::string_view body, std::string_view actions) {
    return fmt::format(
        R"({{"type":"message","attachments":[{{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":)"
        R"({{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.4",)"
        R"("msteams":{{"width":"Full"}},"body":[{}],"actions":[{}]}}}}]}})",
        body, actions);
}

/// Paragraphs up to what goes into a card.
class Body {
  public:
    explicit Body(std::size_t room) : room_(room) {}
    bool add(const std::string& block) {
        if (text_.size() + block.size() + 1 > room_) return false;
        text_ += (text_.empty() ? "" : ",") + block;
        return true;
    }
    const std::string& text() const { return text_; }

  private:
    std::size_t room_;
    std::string text_;
};

constexpr std::string_view bold = R"("weight":"bolder")", subtle = R"("isSubtle":true,"size":"small")";

/// How many lines had no room.
std::size_t add_all(Body& body, const Message& message) {
    std::size_t left_out = 0;
    const auto add = [&](const std::string& block) { left_out += body.add(block) ? 0 : 1; };
    for (const std::string& line : lines_of(message.text)) add(paragraph({{cut(line, line_units_max)}}));
    for (const Bar& each : message.bars)
        add(paragraph({{cut(one_line(each.label), line_units_max) + "  "},
                       {bar_words(each.percent), R"("fontType":"monospace")"}}));
    for (const Fact& each : message.facts)
        add(paragraph(
            {{cut(one_line(each.name), line_units_max) + "  ", bold}, {cut(one_line(each.value), line_units_max)}}));
    for (const Item& each : message.items)
        add(paragraph({{utc_words(each.at) + "  ", subtle}, {cut(one_line(each.text), line_units_max)}}));
    return left_out + static_cast<std::size_t>(std::max(message.items_left_out, 0));
}

}  // namespace

std::string payload(const Message& message, Copy copy) {
    const std::string links = actions(message);
    const std::string end = paragraph({{cut(small_print(message), line_units_max), subtle}}, "medium");
    constexpr std::size_t left_out_room = 300;
    Body body(payload_bytes_max - around("", links).size() - end.size() - left_out_room);
    const std::string title = fmt::format("{} {}", sign_of(message), headline(message, copy));
    static_cast<void>(body.add(paragraph({{cut(title, title_units_max), colour_of(message)}}, "none")));
    const std::size_t left_out = add_all(body, message);
    std::string text = body.text();
    if (left_out > 0) text += "," + paragraph({{fmt::format("{} more lines are in the console.", left_out), subtle}});
    return around(text + "," + end, links);
}

Verdict judge(const Answer& answer, Timestamp now) {
    Verdict out = judge_status(answer, "Teams", now);
    constexpr std::string_view failed_behind = "returned HTTP error ";
    if (const auto at = answer.body.find(failed_behind); out.outcome == Outcome::sent && at != std::string::npos) {
        const std::string status = answer.body.substr(at + failed_behind.size(), 3);
        const bool later = status == "429" || status.starts_with('5');
        return {.outcome = later ? Outcome::later : Outcome::refused,
                .reason = fmt::format("Teams took the call and then failed (HTTP {} behind it).", one_line(status))};
    }
    for (const std::string_view word : {"WorkflowTriggerIsNotEnabled", "WorkflowNotFound", "TriggerNotEnabled",
                                        "DirectApiAuthorizationRequired", "WorkflowSuspended"}) {
        if (answer.status < 400 || !answer.body.contains(word)) continue;
        out.outcome = Outcome::closed;
        out.reason = fmt::format("The workflow of Teams does not run ({}, HTTP {}).", word, answer.status);
    }
    return out;
}

}  // namespace bursar::integrations::teams
