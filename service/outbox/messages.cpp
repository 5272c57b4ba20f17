#include "service/outbox/messages.h"

#include "integrations/report/report_json.h"
#include "integrations/report/writers.h"
#include "policies/event_kinds.h"
#include "service/base/crypto.h"
#include "service/base/money.h"
#include "service/base/zone.h"
#include "service/outbox/detail.h"
#include "service/outbox/matching.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::outbox {
namespace {

using integrations::Message;

constexpr std::size_t facts_max = 10;
constexpr std::size_t title_bytes_max = 250;
/// No report begins like this: it is a JSON object.
constexpr std::string_view report_note = "kept:";

/// "per_minute" → "Per minute"
std::string words_of(std::string_view name) {
    std::string words(name);
    std::ranges::replace(words, '_', ' ');
    if (!words.empty() && words.front() >= 'a' && words.front() <= 'z')
        words.front() = static_cast<char>(words.front() - 'a' + 'A');
    return words;
}

/// An amount of money in words, or the text as it is.
std::string money_words(const std::string& text) {
    const auto money = NanoUsd::parse(text);
    return money ? money->for_people() : text + " USD";
}

std::string value_words(const DetailField& field, const std::string& time_zone) {
    switch (field.kind) {
        case DetailField::Kind::truth:
            return field.value == "true" ? "yes" : "no";
        case DetailField::Kind::number:
            return field.value;
        case DetailField::Kind::text:
            break;
    }
    if (const auto at = parse_timestamp(field.value)) return for_people(*at, time_zone);
    return field.value;
}

bool is_money_measure(const std::vector<DetailField>& fields) {
    const DetailField* measure = find_field(fields, "measure");
    return measure != nullptr && (measure->value == "money" || measure->value == "cost");
}

/// "812.40 USD of 1,000.00 USD" of a limit, from its own fields.
std::string spent_words(const std::vector<DetailField>& fields, const DetailField& spent, const DetailField& amount) {
    if (is_money_measure(fields)) return fmt::format("{} of {}", money_words(spent.value), money_words(amount.value));
    return fmt::format("{} of {}", spent.value, amount.value);
}

const DetailField* amount_of(const std::vector<DetailField>& fields) {
    const DetailField* amount = find_field(fields, "amount");
    // A forecast has its limit in numbers, an event of a mark has it in words.
    const DetailField* limit = find_field(fields, "limit");
    if (amount == nullptr && limit != nullptr && NanoUsd::parse(limit->value)) return limit;
    return amount;
}

std::optional<double> number_of(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void add_bar(Message& message, const Event& event, const std::vector<DetailField>& fields) {
    const DetailField *spent = find_field(fields, "spent"), *amount = amount_of(fields);
    if (spent == nullptr || amount == nullptr) return;
    const auto used = number_of(spent->value), of = number_of(amount->value);
    if (!used || !of || *of <= 0 || *used < 0) return;
    constexpr double percent_max = 999;
    const DetailField* limit = find_field(fields, "limit");
    message.bars.push_back({.label = limit == nullptr || limit == amount
                                         ? event.subject
                                         : fmt::format("{}, {}", event.subject, limit->value),
                            .percent = static_cast<int>(std::min(percent_max, *used / *of * 100))});
}

void add_facts(Message& message, const Event& event, const Context& context) {
    constexpr std::array unsaid{std::string_view("silent"), std::string_view("percent"), std::string_view("account"),
                                std::string_view("measure"), std::string_view("hard")};
    const std::string& time_zone = context.rules.organisation.time_zone;
    const auto fields = fields_of(event.detail);
    const DetailField *spent = find_field(fields, "spent"), *amount = amount_of(fields);
    if (!event.team.empty()) message.facts.push_back({.name = "Team", .value = event.team});
    if (spent != nullptr && amount != nullptr)
        message.facts.push_back({.name = "Spent", .value = spent_words(fields, *spent, *amount)});
    for (const DetailField& field : fields) {
        if (message.facts.size() == facts_max) break;
        const bool told = amount != nullptr && spent != nullptr && (&field == spent || &field == amount);
        if (told || field.value.empty() || std::ranges::find(unsaid, field.name) != unsaid.end()) continue;
        if (field.name.ends_with("_usd"))
            message.facts.push_back({.name = words_of(std::string_view(field.name).substr(0, field.name.size() - 4)),
                                     .value = money_words(field.value)});
        else
            message.facts.push_back({.name = words_of(field.name), .value = value_words(field, time_zone)});
    }
    add_bar(message, event, fields);
}

void cut(std::string& text, std::size_t bytes_max) {
    constexpr std::string_view mark = "…";
    if (text.size() <= bytes_max) return;
    std::size_t end = bytes_max - mark.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    text += mark;
}

/// The first clause of an event's sentence is the title, the rest the text.
void add_sentence(Message& message, std::string_view sentence) {
    std::size_t end = std::min(sentence.find("; "), sentence.size());
    end = std::min(end, std::min(sentence.find(". "), sentence.size()));
    std::string_view title = sentence.substr(0, end);
    std::string_view rest = sentence.substr(std::min(end + 2, sentence.size()));
    if (title.ends_with('.')) title.remove_suffix(1);
    if (title.size() > title_bytes_max) rest = sentence;
    message.title = title;
    std::ranges::replace_if(message.title, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    cut(message.title, title_bytes_max);
    message.text = rest;
    if (!message.text.empty() && message.text.front() >= 'a' && message.text.front() <= 'z')
        message.text.front() = static_cast<char>(message.text.front() - 'a' + 'A');
    if (!message.text.empty() && !message.text.ends_with('.')) message.text += '.';
}

std::string_view page_of(std::string_view kind) {
    for (const std::string_view group : {"budget", "request", "spend", "allocation", "credit", "correction"})
        if (fits_kind(group, kind)) return "/team";
    if (fits_kind("directory", kind) || fits_kind("sync", kind)) return "/directory";
    if (fits_kind("break_glass", kind)) return "/audit";
    return "/";
}

/// What every message has.
Message frame(std::string_view kind, const Context& context) {
    const policies::Organisation& organisation = context.rules.organisation;
    Message message{.kind = std::string(kind),
                    .at = context.now,
                    .when = for_people(context.now, organisation.time_zone),
                    .footer = organisation.name.empty() ? "Bursar" : organisation.name + " · Bursar"};
    if (!context.public_url.empty())
        message.links.push_back(
            {.text = "Open in the console", .url = std::string(context.public_url) + std::string(page_of(kind))});
    return message;
}

const Event& leading(std::span<const Event> told) {
    // Of those that matter the same, the latest.
    const Event* best = &told.front();
    for (const Event& event : told)
        if (rank_of(event) >= rank_of(*best)) best = &event;
    return *best;
}

}  // namespace

std::string label_of(const Incident& incident) {
    constexpr std::size_t bytes_max = 160;
    std::string name = incident.name;
    const bool plain = std::ranges::all_of(name, [](char c) { return c >= 0x20 && c < 0x7F; });
    if (!plain || name.size() > bytes_max) {
        const std::string digest = to_hex(as_text(sha256(name))).substr(0, 16);
        std::erase_if(name, [](char c) { return c < 0x20 || c >= 0x7F; });
        name = fmt::format("{}~{}", name.substr(0, 100), digest);
    }
    return fmt::format("{}#{}", name, incident.number);
}

Message message_of(const Incident& incident, std::span<const Event> told, integrations::State state,
                   const Context& context) {
    const Event& lead = state == integrations::State::resolved ? told.back() : leading(told);
    Message message = frame(lead.kind, context);
    message.incident = label_of(incident);
    message.severity = state == integrations::State::resolved ? severity_of(incident.latest) : severity_of(lead);
    message.state = state;
    message.at = lead.at;
    message.when = for_people(lead.at, context.rules.organisation.time_zone);
    message.whom = lead.team.empty() ? incident.latest.team : lead.team;
    add_sentence(message, lead.text);
    add_facts(message, lead, context);
    if (told.size() > 1)
        for (const Event& event : told.last(std::min(told.size(), items_max)))
            message.items.push_back({.at = event.at, .text = event.text});
    message.items_left_out = static_cast<int>(told.size() - std::min(told.size(), items_max));
    return message;
}

std::optional<Message> message_of_report(const Event& event, const reports::KeptWhole& report, const Context& context) {
    const auto read = integrations::report::read_report(report.json);
    if (!read) return std::nullopt;
    Message message = integrations::report::summary_of(*read, fmt::format("{}", fmt::join(report.kept.formats, ",")));
    const Message usual = frame(event.kind, context);
    message.kind = event.kind;
    message.severity = severity_of(event);
    message.state = integrations::State::news;
    message.at = event.at;
    message.when = for_people(event.at, context.rules.organisation.time_zone);
    message.whom = event.team;
    if (message.footer.empty()) message.footer = usual.footer;
    for (integrations::Attachment& each : message.attachments)
        if (each.type == integrations::report::report_type)
            each.bytes = fmt::format("{}{}", report_note, report.kept.number);
    return message;
}

std::optional<std::int64_t> report_noted_in(const integrations::Attachment& attachment) {
    if (attachment.type != integrations::report::report_type || !attachment.bytes.starts_with(report_note))
        return std::nullopt;
    std::int64_t number = 0;
    const std::string_view text = std::string_view(attachment.bytes).substr(report_note.size());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Message reminder_of(const Incident& incident, const Context& context) {
    Message message = message_of(incident, {&incident.latest, 1}, integrations::State::firing, context);
    message.title = "Still: " + message.title;
    message.facts.insert(message.facts.begin(),
                         {.name = "Since", .value = for_people(incident.begun, context.rules.organisation.time_zone)});
    return message;
}

Message digest_of(const Digest& digest, const Context& context) {
    const Missed* lead = nullptr;
    std::vector<Missed> lines;
    // What matters more comes first; among equals, what came first.
    for (const bool over : {false, true})
        for (const Severity severity : {Severity::critical, Severity::warning, Severity::info})
            std::ranges::copy_if(digest.missed, std::back_inserter(lines), [&](const Missed& each) {
                return (each.now == Missed::Now::over) == over && each.message->severity == severity;
            });
    if (!lines.empty()) lead = &lines.front();
    Message message = frame(lead == nullptr ? "" : lead->message->kind, context);
    message.incident = fmt::format("digest:{}#{}", digest.target, digest.number);
    if (message.incident.size() > 200) message.incident = fmt::format("digest#{}", digest.number);
    message.state = integrations::State::news;
    message.severity = lead == nullptr || lead->now == Missed::Now::over ? Severity::info : lead->message->severity;
    const std::size_t count = lines.size();
    message.title = fmt::format("{} message{} {}", count, count == 1 ? "" : "s",
                                digest.quiet ? "from the quiet hours" : "that could not be told in time");
    for (const Missed& line : lines) {
        if (message.items.size() == items_max) break;
        message.items.push_back(
            {.at = line.message->at,
             .text = fmt::format("{}{}{}", line.now == Missed::Now::over ? "Over: " : "", line.message->title,
                                 line.perhaps_told ? " (perhaps told before)" : "")});
    }
    message.items_left_out = static_cast<int>(count - message.items.size());
    if (digest.ended_meanwhile > 0)
        message.text = fmt::format("{} more began and ended meanwhile.", digest.ended_meanwhile);
    else if (lines.empty())
        message.text = "Nothing of it lasts.";
    return message;
}

Message test_message(std::string_view target, std::string_view author, const Context& context) {
    Message message = frame("test", context);
    message.incident = fmt::format("test:{}#{}", target, unix_milliseconds(context.now));
    message.title = "This is a test of Bursar's messages";
    message.text = fmt::format("{} tries the target \"{}\". Nothing has happened.", author, target);
    message.test = true;
    return message;
}

Result<Message> preview_of(std::string_view kind, const Context& context) {
    const policies::EventKind* known = policies::event_kind(kind);
    if (known == nullptr)
        return fail(Fault::not_found,
                    "There is no event of that kind. docs/operate/events.md lists all; so does the policy's schema.");
    const std::string team = context.rules.teams.empty() ? std::string("research") : context.rules.teams.begin()->first;
    const bool budget = fits_kind("budget", kind) || fits_kind("spend", kind);
    Event event{.number = 1,
                .at = context.now,
                .name = "preview",
                .kind = std::string(kind),
                .subject = budget ? "team:" + team : std::string("example"),
                .text = fmt::format("{} (an example); {}", known->title, known->meaning),
                .detail = "{}",
                .team = budget ? team : std::string()};
    if (budget)
        event.detail =
            R"({"limit":"money per month","percent":80,"measure":"money","amount":"1000.00","spent":"812.40"})";
    const Incident incident{.number = 1, .name = "preview", .latest = event, .begun = context.now, .ended = {}};
    const auto state = known->course == policies::EventKind::Course::begins ? integrations::State::firing
                       : known->course == policies::EventKind::Course::ends ? integrations::State::resolved
                                                                            : integrations::State::news;
    Message message = message_of(incident, {&event, 1}, state, context);
    message.test = true;
    return message;
}

}  // namespace bursar::outbox
