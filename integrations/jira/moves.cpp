#include "integrations/jira/moves.h"

#include "integrations/address.h"
#include "integrations/text.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::integrations::jira {
namespace {

/// Twice of what is watched: labels can be given to other issues, too.
constexpr std::int64_t found_max = 2 * static_cast<std::int64_t>(watched_issues_max);

/// As Jira writes times: "2026-11-30T08:15:30.123+0100".
std::optional<Timestamp> time_of(std::string_view text) {
    constexpr std::size_t zone = 5;
    std::string rfc(text);
    if (rfc.size() > zone && (rfc[rfc.size() - zone] == '+' || rfc[rfc.size() - zone] == '-'))
        rfc.insert(rfc.size() - 2, ":");
    const auto at = parse_timestamp(rfc);
    return at ? std::optional(*at) : std::nullopt;
}

/// Names and numbers of a history's entries count up.
std::int64_t number_of(std::string_view text) {
    std::int64_t number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? number : -1;
}

bool is_called(const Json& status, std::string_view wanted) {
    return status.at("name").text() == wanted || status.at("id").text() == wanted;
}

/// Where an entry of the history moved the issue to: the number of the status; empty if it is about something else.
std::string_view moved_to(const Json& entry) {
    std::string_view to;
    for (const Json& item : entry.at("items").list())
        if (item.at("field").text() == "status") to = item.at("to").text();
    return to;
}

std::string person_text(const Json& author, std::string_view name) {
    return cut_bytes(one_line(author.at(name).text()), account_bytes_max, "");
}

void add_author(Move& move, const Json& author) {
    move.account = person_text(author, author.at("accountId").is_text() ? "accountId" : "name");
    move.name = person_text(author, "displayName");
    // Customers of a service desk enter their addresses themselves, and apps have none of their own.
    const std::string_view type = author.at("accountType").text();
    if (type.empty() || type == "atlassian") move.email = person_text(author, "emailAddress");
}

}  // namespace

std::string watch_body(const Project& project, const Watch& watch) {
    std::string labels;
    for (const Watch::Issue& each : watch.issues)
        labels += fmt::format("{}\"{}\"", labels.empty() ? "" : ", ", incident_label(each.incident));
    JsonWriter json;
    // The oldest first: what got the label later does not push out what was made with it.
    json.open().field(
        "jql", fmt::format("project = {} AND labels in ({}) ORDER BY created ASC", jql_quoted(project.key), labels));
    json.key("fields").open_list().value("status").close_list().field("maxResults", found_max).close();
    return std::move(json).text();
}

std::vector<Seen> seen_in(const Json& found, const Watch& watch) {
    std::vector<Seen> out;
    for (const Json& issue : found.at("issues").list()) {
        const std::string_view key = issue.at("key").text();
        const Json& status = issue.at("fields").at("status");
        const bool ours = std::ranges::find(watch.issues, key, &Watch::Issue::key) != watch.issues.end();
        const auto wanted =
            std::ranges::find_if(watch.statuses, [&](const auto& each) { return is_called(status, each); });
        const bool known = std::ranges::find(out, key, &Seen::key) != out.end();
        if (ours && !known && wanted != watch.statuses.end()) out.push_back({std::string(key), *wanted});
    }
    return out;
}

std::string history_path(std::string_view key) {
    return fmt::format("/issue/{}?fields=status&expand=changelog", percent_encoded(key));
}

std::optional<Move> last_move(const Json& issue, const Seen& seen) {
    const Json& status = issue.at("fields").at("status");
    if (issue.at("key").text() != seen.key || !is_called(status, seen.status)) return std::nullopt;
    // Cloud has the newest first, Data Center the oldest.
    const Json* last = nullptr;
    std::pair<Timestamp, std::int64_t> newest{Timestamp::min(), -1};
    for (const Json& entry : issue.at("changelog").at("histories").list()) {
        const auto at = time_of(entry.at("created").text());
        if (!at || moved_to(entry).empty()) continue;
        const std::pair when{*at, number_of(entry.at("id").text())};
        if (last != nullptr && when <= newest) continue;
        newest = when;
        last = &entry;
    }
    if (last == nullptr || moved_to(*last) != status.at("id").text() || last->at("id").text().empty())
        return std::nullopt;
    Move move{.key = seen.key,
              .change = cut_bytes(one_line(last->at("id").text()), 64, ""),
              .status = seen.status,
              .account = {},
              .email = {},
              .name = {},
              .at = newest.first};
    add_author(move, last->at("author"));
    return move;
}

}  // namespace bursar::integrations::jira
