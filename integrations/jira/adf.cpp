#include "integrations/jira/adf.h"

#include "integrations/address.h"
#include "integrations/text.h"
#include "service/base/json.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

namespace bursar::integrations::jira {
namespace {

constexpr std::size_t line_units_max = 2000;

/// A text node; Jira refuses empty ones.
std::string text_node(std::string_view text, std::string_view mark = {}) {
    const std::string words = cut(one_line(text), line_units_max);
    JsonWriter json;
    json.open().field("type", "text").field("text", words.empty() ? " " : words);
    if (!mark.empty()) json.key("marks").open_list().raw(mark).close_list();
    json.close();
    return std::move(json).text();
}

std::string paragraph(std::initializer_list<std::string> nodes) {
    return fmt::format(R"({{"type":"paragraph","content":[{}]}})", fmt::join(nodes, ","));
}

std::string link_node(const Link& link) {
    JsonWriter mark;
    mark.open().field("type", "link").key("attrs").open().field("href", link.url).close().close();
    return text_node(link.text, mark.text());
}

constexpr std::string_view strong = R"({"type":"strong"})", code = R"({"type":"code"})";

/// The blocks of a document, up to what Jira takes. The end is known first and has its room.
class Document {
  public:
    explicit Document(std::string end) : end_(std::move(end)) {}

    bool add(std::string_view block) {
        const std::size_t size = units(block) + 1;
        if (taken_ + units(end_) + size + left_out_room > description_units_max) return false;
        taken_ += size;
        body_.append(body_.empty() ? "" : ",").append(block);
        return true;
    }

    /// What is said about what had no room has room.
    void add_last(std::string_view block) { body_.append(body_.empty() ? "" : ",").append(block); }

    std::string json() && {
        return fmt::format(R"({{"version":1,"type":"doc","content":[{}{}{}]}})", body_, body_.empty() ? "" : ",", end_);
    }

  private:
    static constexpr std::size_t left_out_room = 400;
    std::string body_, end_;
    std::size_t taken_ = 0;
};

std::size_t add_all(Document& document, const Message& message) {
    std::size_t left_out = 0;
    const auto add = [&](const std::string& block) { left_out += document.add(block) ? 0 : 1; };
    for (const std::string& line : lines_of(message.text)) add(paragraph({text_node(line)}));
    for (const Bar& each : message.bars)
        add(paragraph({text_node(each.label + "  "), text_node(bar_words(each.percent), code)}));
    for (const Fact& each : message.facts) add(paragraph({text_node(each.name + ": ", strong), text_node(each.value)}));
    for (const Item& each : message.items)
        add(paragraph({text_node(utc_words(each.at) + "  ", strong), text_node(each.text)}));
    for (const Link& each : message.links)
        if (is_askable(each.url)) add(paragraph({link_node(each)}));
    return left_out + static_cast<std::size_t>(std::max(message.items_left_out, 0));
}

}  // namespace

std::string adf(const Message& message) {
    Document document(paragraph({text_node(small_print(message), R"({"type":"em"})")}));
    static_cast<void>(document.add(
        paragraph({text_node(fmt::format("{} {}", sign_of(message), headline(message, Copy::first)), strong)})));
    if (const std::size_t left_out = add_all(document, message); left_out > 0)
        document.add_last(paragraph({text_node(fmt::format("{} more lines are in the console.", left_out))}));
    return std::move(document).json();
}

}  // namespace bursar::integrations::jira
