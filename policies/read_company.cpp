// The organisation, its teams and its people.
#include "policies/draft.h"

#include <algorithm>

#include <absl/time/time.h>
#include <fmt/format.h>

namespace bursar::policies {
namespace {

bool known_time_zone(const std::string& name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
               c == '+' || c == '-';
    };
    // The name becomes part of a path: nothing that leads out of the folder of time zones.
    if (name.empty() || name.size() > name_bytes_max || name.front() == '/' || !std::ranges::all_of(name, allowed))
        return false;
    absl::TimeZone zone;
    return absl::LoadTimeZone(name, &zone);
}

/// Names, "tier:NAME" or "*".
std::vector<Reference> read_model_names(const Value& value) {
    std::vector<Reference> out;
    for (const Value& item : read_list(value, "team model")) {
        if (item.node.kind == YamlNode::Kind::text && item.node.text == "*")
            out.push_back({"*", item.node.at});
        else if (auto name = read_name(item))
            out.push_back({*std::move(name), item.node.at});
    }
    return out;
}

/// It goes into tables and lists of finance as it is: nothing that ends a cell there.
std::string read_cost_centre(const Value& value) {
    constexpr std::size_t cost_centre_bytes_max = 64;
    const auto text = single(value);
    if (!text) return {};
    const auto wrong = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == ',' || c == ';' || c == '"' || c == '\'';
    };
    if (text->empty() || text->size() > cost_centre_bytes_max || text->front() == ' ' || text->back() == ' ' ||
        std::ranges::any_of(*text, wrong)) {
        value.wrong(fmt::format("must be one line of 1 to {} bytes without commas, semicolons or quotes",
                                cost_centre_bytes_max));
        return {};
    }
    return std::string(*text);
}

std::vector<std::string> read_groups(const Value& value, std::string_view one) {
    std::vector<std::string> out;
    for (const Value& item : read_list(value, one))
        if (auto group = read_text(item)) out.push_back(*std::move(group));
    return out;
}

void read_team(const Named& named, Rank rank, Draft& draft) {
    Fields fields(named.value.node, fmt::format("team \"{}\"", named.name), named.value.problems);
    TeamDraft team;
    team.team.name = named.name;
    if (const auto parent = fields.find("parent"))
        if (auto name = read_name(*parent)) team.parent = Reference{*std::move(name), parent->node.at};
    if (const auto models = fields.find("models")) team.models = read_model_names(*models);
    if (const auto budgets = fields.find("budgets")) team.budgets = read_budgets(*budgets);
    if (const auto budgets = fields.find("per_person")) team.per_person = read_budgets(*budgets);
    if (const auto contact = fields.find("contact")) team.team.contact = read_text(*contact).value_or("");
    if (const auto word = fields.find("on_short"))
        team.team.on_short = read_word(*word, {"lower", "refuse"}) == 1 ? OnShort::refuse : OnShort::lower;
    if (const auto groups = fields.find("groups")) team.team.groups = read_groups(*groups, "team group");
    if (const auto groups = fields.find("leads")) team.team.leads = read_groups(*groups, "group of leads");
    if (const auto centre = fields.find("cost_centre")) team.team.cost_centre = read_cost_centre(*centre);
    if (const auto rate = fields.find("rate")) team.team.rate = read_call_rate(*rate);
    if (const auto rate = fields.find("rate_per_person")) team.team.rate_per_person = read_call_rate(*rate);
    if (const auto rate = fields.find("rate_per_key")) team.team.rate_per_key = read_call_rate(*rate);
    take(draft.teams, named.name, Ranked<TeamDraft>{std::move(team), named.at, rank},
         fmt::format("team \"{}\"", named.name), named.value.problems);
}

}  // namespace

void read_organisation(const Value& section, Rank rank, Draft& draft) {
    Fields fields(section.node, "organisation", section.problems);
    OrganisationDraft read;
    Organisation& organisation = read.organisation;
    if (const auto name = fields.find("name")) organisation.name = read_text(*name).value_or("");
    if (const auto currency = fields.find("currency")) read_currency(*currency, organisation);
    if (const auto language = fields.find("language"))
        if (const auto word = read_word(*language, {"en", "de", "fr"}))
            organisation.language = static_cast<Language>(*word);
    if (const auto zone = fields.find("time_zone")) {
        organisation.time_zone = zone->node.text;
        if (zone->node.kind != YamlNode::Kind::text || !known_time_zone(organisation.time_zone))
            zone->wrong("is not a time zone; write it like Europe/Berlin or UTC");
    }
    if (const auto budgets = fields.find("budgets")) read.budgets = read_budgets(*budgets);
    if (const auto contact = fields.find("contact")) organisation.contact = read_text(*contact).value_or("");
    if (const auto rate = fields.find("rate")) organisation.rate = read_call_rate(*rate);
    take_whole(draft.organisation, Ranked<OrganisationDraft>{std::move(read), section.node.at, rank}, "organisation",
               section.problems);
}

void read_teams(const Value& section, Rank rank, Draft& draft) {
    for (const Named& named : read_entries(section, "team")) read_team(named, rank, draft);
}

void read_people(const Value& section, Rank rank, Draft& draft) {
    for (const Named& named : read_entries(section, "person")) {
        Fields fields(named.value.node, fmt::format("person \"{}\"", named.name), named.value.problems);
        std::vector<BudgetDraft> budgets;
        if (const auto value = fields.need("budgets")) budgets = read_budgets(*value);
        take(draft.people, named.name, Ranked<std::vector<BudgetDraft>>{std::move(budgets), named.at, rank},
             fmt::format("person \"{}\"", named.name), named.value.problems);
    }
}

}  // namespace bursar::policies
