#include "integrations/slack/blocks.h"

#include "integrations/address.h"
#include "service/base/json.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>

namespace bursar::integrations::slack {
namespace {

/// Of all links together: one of 3,000 characters would leave little room for words.
constexpr std::size_t buttons_units_max = 4000;
constexpr std::size_t fact_name_units_max = 200, fact_value_units_max = 700, item_units_max = 600;

std::string_view entity_of(std::string_view letter) {
    if (letter == "&") return "&amp;";
    if (letter == "<") return "&lt;";
    return letter == ">" ? "&gt;" : letter;
}

/// "verbatim": nothing in the text becomes a link or a mention by itself.
void write_mrkdwn(JsonWriter& json, std::string_view text) {
    json.open().field("type", "mrkdwn").field("text", text).field("verbatim", true).close();
}

std::string section(std::string_view text) {
    JsonWriter json;
    json.open().field("type", "section").key("text");
    write_mrkdwn(json, text);
    json.close();
    return std::move(json).text();
}

std::string header(std::string_view text) {
    JsonWriter json;
    json.open().field("type", "header").key("text").open().field("type", "plain_text");
    json.field("text", escaped(text, header_units_max)).field("emoji", true).close().close();
    return std::move(json).text();
}

std::string context(std::string_view text) {
    JsonWriter json;
    json.open().field("type", "context").key("elements").open_list();
    write_mrkdwn(json, escaped(text, context_units_max));
    json.close_list().close();
    return std::move(json).text();
}

/// Empty if there is no link that Slack would take.
std::string buttons(const Message& message) {
    std::string inside;
    std::size_t count = 0;
    for (const Link& each : message.links) {
        if (!is_askable(each.url) || each.url.size() > button_url_bytes_max || each.text.empty()) continue;
        JsonWriter json;
        json.open().field("type", "button").key("text").open().field("type", "plain_text");
        json.field("text", escaped(one_line(each.text), button_units_max)).close().field("url", each.url).close();
        if (count == buttons_max || units(inside) + units(json.text()) > buttons_units_max) break;
        inside += (count++ == 0 ? "" : ",") + json.text();
    }
    return count == 0 ? std::string() : R"({"type":"actions","elements":[)" + inside + "]}";
}

/// Blocks up to what Slack takes as a whole. The end of a message is known first and has its room.
class Blocks {
  public:
    explicit Blocks(std::vector<std::string> end) : end_(std::move(end)) {
        for (const std::string& each : end_) taken_ += units(each) + 1;
    }

    /// The end as it is to be, in the room that was kept for a longer one.
    void end_with(std::vector<std::string> end) {
        for (const std::string& each : end_) taken_ -= units(each) + 1;
        end_ = std::move(end);
        for (const std::string& each : end_) taken_ += units(each) + 1;
    }

    bool add(std::string block) {
        const std::size_t size = units(block) + 1;
        if (taken_ + size > total_units_max || blocks_.size() + end_.size() + 1 > blocks_max) return false;
        taken_ += size;
        blocks_.push_back(std::move(block));
        return true;
    }

    std::string json() && {
        std::string out = "[";
        for (const std::vector<std::string>* part : {&blocks_, &end_})
            for (const std::string& each : *part) out += (out.size() > 1 ? "," : "") + each;
        return out + "]";
    }

  private:
    std::vector<std::string> end_, blocks_;
    std::size_t taken_ = 2;  // the brackets
};

std::string bars_text(const Message& message) {
    std::string out;
    for (const Bar& each : message.bars) {
        const std::string line = fmt::format("{}{}\n`{}`", out.empty() ? "" : "\n", escaped(one_line(each.label), 200),
                                             bar_words(each.percent));
        if (units(out) + units(line) > section_units_max) break;
        out += line;
    }
    return out;
}

std::string fields_section(const std::vector<Fact>& facts, std::size_t from, std::size_t count) {
    JsonWriter json;
    json.open().field("type", "section").key("fields").open_list();
    for (std::size_t i = from; i < from + count; ++i) {
        const std::string name = escaped(one_line(facts[i].name), fact_name_units_max);
        write_mrkdwn(json, fmt::format("*{}*\n{}", name, escaped(one_line(facts[i].value), fact_value_units_max)));
    }
    json.close_list().close();
    return std::move(json).text();
}

/// How many were left out.
std::size_t add_facts(Blocks& blocks, const std::vector<Fact>& facts) {
    std::size_t at = 0;
    while (at < facts.size()) {
        std::size_t count = std::min(fields_max, facts.size() - at);
        while (count > 0 && !blocks.add(fields_section(facts, at, count))) --count;
        if (count == 0) break;
        at += count;
    }
    return facts.size() - at;
}

/// Slack shows the time as the reader's own clock does.
std::string item_line(const Item& item) {
    const auto seconds = unix_milliseconds(item.at) / 1000;
    return fmt::format("• <!date^{}^{{date_short_pretty}} {{time}}|{}> {}\n", seconds, utc_words(item.at),
                       escaped(one_line(item.text), item_units_max));
}

/// How many were left out.
std::size_t add_items(Blocks& blocks, const std::vector<Item>& items) {
    std::size_t at = 0;
    while (at < items.size()) {
        std::vector<std::string> lines;
        std::size_t size = 0;
        for (std::size_t i = at; i < items.size(); ++i) {
            std::string line = item_line(items[i]);
            size += units(line);
            if (size > section_units_max) break;
            lines.push_back(std::move(line));
        }
        // What goes into one block may be more than is left of the message.
        for (; !lines.empty(); lines.pop_back())
            if (blocks.add(section(fmt::format("{}", fmt::join(lines, ""))))) break;
        if (lines.empty()) break;
        at += lines.size();
    }
    return items.size() - at;
}

std::vector<std::string> end_of(const Message& message, Copy copy) {
    std::vector<std::string> out;
    if (std::string all = buttons(message); !all.empty()) out.push_back(std::move(all));
    std::string words = small_print(message);
    if (copy == Copy::perhaps_second) words += " · (perhaps told before)";
    out.push_back(context(words));
    return out;
}

void add_left_out(Blocks& blocks, std::size_t facts, std::size_t items) {
    std::string words;
    if (facts > 0) words = fmt::format("{} more figures are in the console.", facts);
    if (items > 0) words += fmt::format("{}{} more events are in the console.", words.empty() ? "" : " ", items);
    if (!words.empty()) static_cast<void>(blocks.add(context(words)));
}

std::string blocks_of(const Message& message, Copy copy) {
    // Room for what is said about what had no room.
    constexpr std::size_t left_out_room = 200;
    std::vector<std::string> end = end_of(message, copy);
    end.push_back(std::string(left_out_room, ' '));
    Blocks blocks(end);
    const std::string title = fmt::format("{} {}", sign_of(message), headline(message, Copy::first));
    static_cast<void>(blocks.add(header(title)));
    if (units(title) > header_units_max) static_cast<void>(blocks.add(section(escaped(title, section_units_max))));
    if (const std::string text = escaped(message.text, section_units_max); !text.empty())
        static_cast<void>(blocks.add(section(text)));
    if (const std::string text = bars_text(message); !text.empty()) static_cast<void>(blocks.add(section(text)));
    const std::size_t facts = add_facts(blocks, message.facts);
    const std::size_t items = add_items(blocks, message.items);
    blocks.end_with(end_of(message, copy));
    add_left_out(blocks, facts, items + static_cast<std::size_t>(std::max(message.items_left_out, 0)));
    return std::move(blocks).json();
}

/// What notifications and screen readers tell.
std::string fallback(const Message& message, Copy copy) {
    std::string out = headline(message, copy);
    if (!message.text.empty()) out += "\n" + message.text;
    return escaped(out, fallback_units_max);
}

}  // namespace

std::string escaped(std::string_view text, std::size_t units_max) {
    std::string out;
    std::size_t size = 0, size_with_mark = 0, fits_with_mark = 0;
    const std::size_t mark = units(cut_mark);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t bytes = code_point_bytes(text, at);
        const std::string_view letter = entity_of(text.substr(at, bytes));
        size += letter.size() != bytes ? letter.size() : (bytes == 4 ? 2 : 1);
        if (size > units_max) {
            out.resize(fits_with_mark);
            return size_with_mark + mark <= units_max ? out.append(cut_mark) : out;
        }
        out += letter;
        at += bytes;
        if (size + mark > units_max) continue;
        size_with_mark = size;
        fits_with_mark = out.size();
    }
    return out;
}

std::string payload(const Message& message, Copy copy, const Place& place) {
    JsonWriter json;
    json.open();
    if (!place.channel.empty()) json.field("channel", place.channel);
    if (!place.ts.empty()) json.field("ts", place.ts);
    if (!place.thread_ts.empty()) json.field("thread_ts", place.thread_ts);
    json.field("text", fallback(message, copy)).key("blocks").raw(blocks_of(message, copy));
    // A change of a message keeps what was said about links.
    if (place.ts.empty()) json.field("unfurl_links", false).field("unfurl_media", false);
    json.close();
    return std::move(json).text();
}

}  // namespace bursar::integrations::slack
