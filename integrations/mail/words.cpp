// The two texts of a mail.
#include "integrations/address.h"
#include "integrations/mail/mail.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations::mail {
namespace {

/// Of everything but attachments: a digest of two days is a page, not a book.
constexpr std::size_t lines_max = 500;

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : one_line(text)) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out.push_back(c);
        }
    }
    return out;
}

std::string_view colour_of(const Message& message) {
    if (message.state == State::resolved) return "#1a7f37";
    switch (message.severity) {
        case Severity::info:
            return "#0969da";
        case Severity::warning:
            return "#b35900";
        case Severity::critical:
            return "#b42318";
    }
    return "";
}

/// A bar as a table: mail programs know neither widths of other things nor style sheets.
std::string html_bar(const Bar& bar) {
    const int full = std::clamp(bar.percent, 0, 100);
    const std::string_view colour = bar.percent >= 100 ? "#b42318" : "#0969da";
    std::string cells;
    if (full > 0) cells += fmt::format("<td width=\"{}%\" bgcolor=\"{}\">&nbsp;</td>", full, colour);
    if (full < 100) cells += fmt::format("<td width=\"{}%\" bgcolor=\"#e4e7eb\">&nbsp;</td>", 100 - full);
    return fmt::format(
        "<p>{}: {} %</p>\n<table width=\"320\" cellpadding=\"0\" cellspacing=\"0\" "
        "role=\"presentation\"><tr>{}</tr></table>\n",
        escaped(bar.label), bar.percent, cells);
}

std::size_t items_shown(const Message& message) { return std::min(message.items.size(), lines_max); }

std::size_t left_out(const Message& message) {
    return message.items.size() - items_shown(message) + static_cast<std::size_t>(std::max(message.items_left_out, 0));
}

}  // namespace

std::string html(const Message& message, Copy copy) {
    const std::string title = escaped(headline(message, copy));
    std::string out = fmt::format(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{0}</title></head>\n"
        "<body style=\"font-family:sans-serif;color:#1f2328;max-width:640px\">\n<h2 style=\"color:{1}\">{0}</h2>\n",
        title, colour_of(message));
    for (const std::string& line : lines_of(message.text)) out += fmt::format("<p>{}</p>\n", escaped(line));
    for (const Bar& each : message.bars) out += html_bar(each);
    if (!message.facts.empty()) {
        out += "<table cellpadding=\"4\">\n";
        for (const Fact& each : message.facts)
            out += fmt::format("<tr><th align=\"left\">{}</th><td>{}</td></tr>\n", escaped(each.name),
                               escaped(each.value));
        out += "</table>\n";
    }
    if (!message.items.empty()) {
        out += "<ul>\n";
        for (std::size_t i = 0; i < items_shown(message); ++i)
            out += fmt::format("<li>{}: {}</li>\n", utc_words(message.items[i].at), escaped(message.items[i].text));
        out += "</ul>\n";
    }
    if (const std::size_t more = left_out(message); more > 0)
        out += fmt::format("<p>{} more events are in the console.</p>\n", more);
    for (const Link& each : message.links)
        if (is_askable(each.url))
            out += fmt::format("<p><a href=\"{}\">{}</a></p>\n", escaped(each.url), escaped(each.text));
    return out + fmt::format("<p style=\"color:#59636e;font-size:small\">{}</p>\n</body></html>\n",
                             escaped(small_print(message)));
}

std::string plain(const Message& message, Copy copy) {
    std::string out = headline(message, copy) + "\r\n\r\n";
    const auto add = [&out](const std::string& line) { out += line + "\r\n"; };
    for (const std::string& line : lines_of(message.text)) add(line);
    for (const Bar& each : message.bars) add(fmt::format("{}: {}", one_line(each.label), bar_words(each.percent)));
    for (const Fact& each : message.facts) add(fmt::format("{}: {}", one_line(each.name), one_line(each.value)));
    for (std::size_t i = 0; i < items_shown(message); ++i)
        add(fmt::format("- {}: {}", utc_words(message.items[i].at), one_line(message.items[i].text)));
    if (const std::size_t more = left_out(message); more > 0)
        add(fmt::format("{} more events are in the console.", more));
    for (const Link& each : message.links)
        if (is_askable(each.url)) add(fmt::format("{}: {}", one_line(each.text), each.url));
    return out + "\r\n-- \r\n" + small_print(message) + "\r\n";
}

}  // namespace bursar::integrations::mail
